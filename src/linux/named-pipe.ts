/**
 * A named pipe that is written to and never waited for: open for reading as well, so that it needs no reader to be opened
 * and a reader that goes away ends nothing.
 */

import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { makeFifo } from "./libc.ts";
import { KernelError } from "./kernel-error.ts";

/** An open pipe. */
export interface NamedPipe {
  /** True when it was not there before. */
  readonly made: boolean;
  /** Writes a line whole; false when there is no room. A line has less than 4,096 bytes (PIPE_BUF, linux/limits.h). */
  write(line: string): boolean;
  /** Makes it another one's, who alone may open it anew. Throws a KernelError. */
  give(owner: PipeOwner): void;
  /** Closes it, and takes it away if asked to. */
  close(remove: boolean): void;
}

interface PipeOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Opens a pipe; where there is none, makes one that only `owner` may open. Throws a KernelError. */
export function openNamedPipe(path: string, owner: PipeOwner): NamedPipe {
  const made = makeFifo(path, 0o600);
  try {
    const fd = openPipe(path);
    // Not before it is open: root without CAP_DAC_OVERRIDE may not open what is somebody else's.
    if (made) give(fd, owner);
    const { ino } = fstatSync(fd);
    return {
      made,
      write: (line) => writeWhole(fd, path, line),
      give(to) {
        try {
          give(fd, to);
        } catch (error) {
          throw asKernelError(`change the owner of the named pipe ${path}`, error);
        }
      },
      close(remove) {
        closeSync(fd);
        // Not one that somebody else has put in its place.
        if (remove && lstatSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
      },
    };
  } catch (error) {
    if (made) unlinkSync(path);
    throw asKernelError(`open the named pipe ${path}`, error);
  }
}

function openPipe(path: string): number {
  const { O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new KernelError(`use ${path}, which is no named pipe,`, "EINVAL");
}

/** Whoever is not root may make one for itself only. */
function give(fd: number, { uid, gid }: PipeOwner): void {
  if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
}

function writeWhole(fd: number, path: string, line: string): boolean {
  try {
    writeSync(fd, line);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw asKernelError(`write to the named pipe ${path}`, error);
  }
}

function asKernelError(operation: string, error: unknown): unknown {
  if (error instanceof KernelError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new KernelError(operation, code, error);
}
