/**
 * The named pipes that get a line for each state of an instance, or of a virtual or real server. A reader that does not
 * read holds nothing up: lines wait, so many of them, and then the oldest are dropped and counted.
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import type { ScriptUser } from "../core/health/model.ts";
import { type Event, event } from "../core/report/event.ts";
import { type LineQueue, NO_LINES, put, written } from "../core/supervision/line-queue.ts";
import type { FifoSubject, NotifyFifo } from "../core/supervision/notify.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { type NamedPipe, openNamedPipe } from "../linux/named-pipe.ts";
import { PipeReader } from "./pipe-reader.ts";

/** A full pipe, or one that cannot be opened, is tried again so often. */
const RETRY_MS = 250;

/** Who hears what goes wrong. */
interface PipeListener {
  event(happened: Event): void;
  dropped(path: string, count: number): void;
}

/** The pipes of one director. */
export class NotifyPipes {
  readonly #runDirectory: string;
  readonly #listener: PipeListener;
  readonly #pipes = new Map<string, Pipe>();
  /** By the pipe's path, the program that is to go. */
  readonly #leaving = new Map<string, PipeReader>();

  constructor(runDirectory: string, listener: PipeListener) {
    this.#runDirectory = runDirectory;
    this.#listener = listener;
  }

  /** Writes to these from now on; takes away those that are no longer asked for, if they were ours. */
  configure(fifos: readonly NotifyFifo[]): void {
    for (const [path, { writer, reader }] of this.#pipes) {
      if (fifos.some((fifo) => fifo.path === path)) continue;
      writer.close();
      this.#leave(path, reader);
      this.#pipes.delete(path);
    }
    for (const fifo of fifos) this.#pipes.set(fifo.path, this.#change(this.#pipes.get(fifo.path), fifo));
  }

  /** A line on each pipe that gets those of its kind. */
  tell(about: FifoSubject, line: string): void {
    for (const { writer, as } of this.#pipes.values()) if (as.about.includes(about)) writer.put(line);
  }

  /** Writes no more; resolves when the programs that read have ended. */
  async close(): Promise<void> {
    this.configure([]);
    await Promise.all([...this.#leaving.values()].map(({ ended }) => ended));
  }

  /** Kills the programs that read; they are not started again. */
  abandon(): void {
    for (const { reader } of this.#pipes.values()) reader?.kill();
    for (const reader of this.#leaving.values()) reader.kill();
  }

  /** What waits for room, and what nobody has read yet, is still there for the next one to read it. */
  #change(known: Pipe | undefined, fifo: NotifyFifo): Pipe {
    const writer = known?.writer ?? this.#open(fifo);
    writer.give(fifo.owner);
    if (known !== undefined && JSON.stringify(known.as.reader) === JSON.stringify(fifo.reader))
      return { ...known, as: fifo };
    this.#leave(fifo.path, known?.reader);
    // Two at once would tear the lines of one file; the end of a file that has gone is the old one's to read.
    if (!writer.made || known !== undefined) this.#leaving.get(fifo.path)?.kill();
    return { as: fifo, writer, reader: this.#read(fifo) };
  }

  #open({ path, owner }: NotifyFifo): PipeWriter {
    // One of an earlier life that was killed lies in the run directory.
    return new PipeWriter(path, owner, dirname(path) === this.#runDirectory, this.#listener);
  }

  /** The one before has ended when it begins. */
  #read({ path, reader }: NotifyFifo): PipeReader | undefined {
    const { ended } = this.#leaving.get(path) ?? {};
    return reader && new PipeReader(path, reader, (happened) => this.#listener.event(happened), ended);
  }

  #leave(path: string, reader: PipeReader | undefined): void {
    if (reader === undefined) return;
    this.#leaving.set(path, reader);
    void reader.close().then(() => {
      if (this.#leaving.get(path) === reader) this.#leaving.delete(path);
    });
  }
}

interface Pipe {
  /** As it is configured. */
  readonly as: NotifyFifo;
  readonly writer: PipeWriter;
  readonly reader: PipeReader | undefined;
}

/** One pipe. */
class PipeWriter {
  readonly #path: string;
  #owner: ScriptUser;
  readonly #ours: boolean;
  readonly #listener: PipeListener;
  #pipe: NamedPipe | undefined;
  /** Whom the open pipe was given to. */
  #given: ScriptUser | undefined;
  #queue: LineQueue = NO_LINES;
  #dropped = 0;
  #failure: string | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(path: string, owner: ScriptUser, ours: boolean, listener: PipeListener) {
    this.#path = path;
    this.#owner = owner;
    this.#ours = ours;
    this.#listener = listener;
    this.#flush();
  }

  /** True when the pipe was not there before. */
  get made(): boolean {
    return this.#pipe?.made === true;
  }

  /** The pipe is this one's from now on, if it is ours to give. */
  give(owner: ScriptUser): void {
    this.#owner = owner;
    this.#flush();
  }

  put(line: string): void {
    const { queue, dropped } = put(this.#queue, line);
    this.#queue = queue;
    if (dropped > 0) this.#drop(dropped);
    this.#flush();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#pipe?.close(this.#isOurs());
    const left = this.#queue.lines.length;
    this.#queue = NO_LINES;
    if (left > 0) this.#drop(left);
  }

  #flush(): void {
    clearTimeout(this.#retry);
    const failure = this.#write();
    if (failure !== undefined && failure !== this.#failure)
      this.#listener.event(event("notify-fifo-failed", { fifo: this.#path, error: failure }));
    this.#failure = failure;
    if (this.#queue.lines.length > 0 || failure !== undefined)
      this.#retry = setTimeout(() => this.#flush(), RETRY_MS).unref();
    else this.#dropped = 0;
  }

  /** Writes what there is room for; what went wrong, if something did. */
  #write(): string | undefined {
    try {
      this.#pipe ??= this.#open();
      this.#giveAway(this.#pipe);
      for (const line of this.#queue.lines) {
        if (!this.#pipe.write(line)) return undefined;
        this.#queue = written(this.#queue);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return error.message;
    }
  }

  #isOurs(): boolean {
    return this.#ours || this.made;
  }

  #giveAway(pipe: NamedPipe): void {
    const [{ uid, gid }, given] = [this.#owner, this.#given];
    if (!this.#isOurs() || (given?.uid === uid && given.gid === gid)) return;
    pipe.give(this.#owner);
    this.#given = this.#owner;
  }

  #open(): NamedPipe {
    try {
      return openNamedPipe(this.#path, this.#owner);
    } catch (error) {
      if (!(this.#ours && error instanceof KernelError && error.errno === "EACCES")) throw error;
      // One of an earlier life, which gave it away: whoever reads it has seen its end.
      rmSync(this.#path);
      return openNamedPipe(this.#path, this.#owner);
    }
  }

  /** Said when it begins, until the reader has caught up; each line is counted. */
  #drop(count: number): void {
    if (this.#dropped === 0) this.#listener.event(event("notify-fifo-full", { fifo: this.#path }));
    this.#dropped += count;
    this.#listener.dropped(this.#path, count);
  }
}
