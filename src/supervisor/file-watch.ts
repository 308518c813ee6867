/**
 * Watches the files that instances track, and puts down the numbers in them.
 *
 * The kernel tells of changes in the file's directory (inotify), so that a file which is replaced by another one of its
 * name is seen too; nothing is polled, but for a directory that is not there. A file that is not there, or has no number
 * in it, counts as 0, as in keepalived.
 */

import { constants, type FSWatcher, watch } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { fileValue } from "../core/track/file-value.ts";
import type { Finding, TrackedFile } from "../core/track/model.ts";
import type { FindingBook } from "./findings.ts";

/** So often a directory is looked for that is not there or has gone. */
const LOOK_AGAIN_MS = 1_000;
/** A number needs no more. */
const LENGTH_MAX = 128;
/** A file that is emptied and written has no number for a moment; it gets so long to have one again. */
const BETWEEN_WRITES_MS = 50;
/** A configuration is not held up for longer by a disk that does not answer. */
const FIRST_READ_MS = 1_000;

interface Watched {
  readonly file: TrackedFile;
  watcher: FSWatcher | undefined;
  timer: NodeJS.Timeout | undefined;
  /** A change has come while the file was being read. */
  again: boolean;
  reading: Promise<void> | undefined;
  ended: boolean;
}

/** The files that are watched. */
export class FileWatch {
  readonly #book: FindingBook;
  readonly #watched = new Map<string, Watched>();

  constructor(book: FindingBook) {
    this.#book = book;
  }

  /** Watches these from now on; resolves when each has been read once, but does not wait for a slow disk. */
  async configure(files: readonly TrackedFile[]): Promise<void> {
    const wanted = new Map(files.map((file) => [file.name, file]));
    for (const [name, { file }] of this.#watched) {
      const next = wanted.get(name);
      if (next === undefined || next.path !== file.path) this.#end(name);
      if (next === undefined) this.#book.forget("file", name);
    }
    const added = files.filter(({ name }) => !this.#watched.has(name));
    const read = Promise.all(added.map((file) => this.#start(file)));
    if (added.length > 0) await Promise.race([read, pause(FIRST_READ_MS)]);
  }

  close(): void {
    for (const name of [...this.#watched.keys()]) this.#end(name);
  }

  async #start(file: TrackedFile): Promise<void> {
    const watched: Watched = {
      file,
      watcher: undefined,
      timer: undefined,
      again: false,
      reading: undefined,
      ended: false,
    };
    this.#watched.set(file.name, watched);
    if (file.initial !== undefined) await create(file.path, file.initial);
    this.#watch(watched);
    await this.#read(watched);
  }

  #end(name: string): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    watched.ended = true;
    watched.watcher?.close();
    clearTimeout(watched.timer);
    this.#watched.delete(name);
  }

  #watch(watched: Watched): void {
    const name = basename(watched.file.path);
    const directory = basename(dirname(watched.file.path));
    try {
      const watcher = watch(dirname(watched.file.path), { persistent: false }, (_, changed) => {
        // The directory's own name comes when it is moved or deleted; the watch has then ended.
        if (changed === directory) this.#watchAnew(watched);
        else if (changed === name || changed === null) void this.#read(watched);
      });
      watcher.on("error", () => this.#watchAnew(watched));
      watched.watcher = watcher;
    } catch {
      this.#watchAnew(watched);
    }
  }

  #watchAnew(watched: Watched): void {
    watched.watcher?.close();
    watched.watcher = undefined;
    if (watched.ended) return;
    clearTimeout(watched.timer);
    void this.#read(watched);
    watched.timer = setTimeout(() => {
      this.#watch(watched);
      void this.#read(watched);
    }, LOOK_AGAIN_MS);
    watched.timer.unref();
  }

  /** Reads it; once more when it changes meanwhile. */
  #read(watched: Watched): Promise<void> {
    watched.again = true;
    watched.reading ??= this.#readUntilCalm(watched);
    return watched.reading;
  }

  async #readUntilCalm(watched: Watched): Promise<void> {
    const { path, name } = watched.file;
    while (watched.again && !watched.ended) {
      watched.again = false;
      let content = await read(path);
      if (typeof content !== "number" && content.code === undefined) {
        await pause(BETWEEN_WRITES_MS);
        content = await read(path);
      }
      if (!watched.ended) this.#book.add({ kind: "file", object: name, ...inWords(path, content) });
    }
    watched.reading = undefined;
  }
}

async function create(path: string, initial: number): Promise<void> {
  try {
    await writeFile(path, `${initial}\n`, { flag: "wx", mode: 0o644 });
  } catch {
    // It is there already, or its directory is not; either way what is found counts.
  }
}

/** The number in a file, or why there is none: the error's code, undefined when it could be read. */
async function read(path: string): Promise<number | { readonly code: string | undefined }> {
  try {
    // A pipe without a writer must not hold up anything.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LENGTH_MAX), 0, LENGTH_MAX, 0);
      return fileValue(buffer.toString("latin1", 0, bytesRead)) ?? { code: undefined };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? "error" };
  }
}

function inWords(
  path: string,
  content: Awaited<ReturnType<typeof read>>,
): Pick<Finding, "verdict" | "detail"> {
  if (typeof content === "number") return { verdict: content, detail: `${path} says ${content}` };
  const { code } = content;
  return {
    verdict: 0,
    detail: code === undefined ? `${path} has no number in it` : `${path} cannot be read: ${code}`,
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
