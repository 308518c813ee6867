/**
 * The named pipes that get a line for each state of an instance, or of a virtual or real server. A reader that does not read holds nothing up: lines wait,
 * so many of them, and then the oldest are dropped and counted.
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
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
  /** Readers that have seen, or will see, the end. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(runDirectory: string, listener: PipeListener) {
    this.#runDirectory = runDirectory;
    this.#listener = listener;
  }

  /** Writes to these from now on; takes away those that are no longer asked for, if they were ours. */
  configure(fifos: readonly NotifyFifo[]): void {
    for (const [path, { writer, reader, as }] of this.#pipes) {
      if (fifos.some((fifo) => JSON.stringify(fifo) === JSON.stringify(as))) continue;
      writer.close();
      if (reader !== undefined) this.#leave(reader);
      this.#pipes.delete(path);
    }
    for (const fifo of fifos) if (!this.#pipes.has(fifo.path)) this.#pipes.set(fifo.path, this.#open(fifo));
  }

  /** A line on each pipe that gets those of its kind. */
  tell(about: FifoSubject, line: string): void {
    for (const { writer, as } of this.#pipes.values()) if (as.about.includes(about)) writer.put(line);
  }

  /** Writes no more; resolves when the programs that read have ended. */
  async close(): Promise<void> {
    this.configure([]);
    await Promise.all(this.#leaving);
  }

  #open(fifo: NotifyFifo): Pipe {
    // One of an earlier life that was killed lies in the run directory.
    const ours = dirname(fifo.path) === this.#runDirectory;
    const writer = new PipeWriter(fifo, ours, this.#listener);
    const tell = (happened: Event): void => this.#listener.event(happened);
    // Not before the pipe is there.
    const reader = fifo.reader && new PipeReader(fifo.path, fifo.reader, tell);
    return { as: fifo, writer, reader };
  }

  #leave(reader: PipeReader): void {
    const leaving = reader.close().then(() => {
      this.#leaving.delete(leaving);
    });
    this.#leaving.add(leaving);
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
  readonly #fifo: NotifyFifo;
  readonly #ours: boolean;
  readonly #listener: PipeListener;
  #pipe: NamedPipe | undefined;
  #queue: LineQueue = NO_LINES;
  #dropped = 0;
  #failure: string | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(fifo: NotifyFifo, ours: boolean, listener: PipeListener) {
    this.#fifo = fifo;
    this.#ours = ours;
    this.#listener = listener;
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
    this.#pipe?.close(this.#ours || this.#pipe.made);
    const left = this.#queue.lines.length;
    this.#queue = NO_LINES;
    if (left > 0) this.#drop(left);
  }

  #flush(): void {
    clearTimeout(this.#retry);
    const failure = this.#write();
    if (failure !== undefined && failure !== this.#failure)
      this.#listener.event(event("notify-fifo-failed", { fifo: this.#fifo.path, error: failure }));
    this.#failure = failure;
    if (this.#queue.lines.length > 0 || failure !== undefined)
      this.#retry = setTimeout(() => this.#flush(), RETRY_MS).unref();
    else this.#dropped = 0;
  }

  /** Writes what there is room for; what went wrong, if something did. */
  #write(): string | undefined {
    try {
      this.#pipe ??= this.#open();
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

  #open(): NamedPipe {
    const { path, owner } = this.#fifo;
    try {
      return openNamedPipe(path, owner);
    } catch (error) {
      if (!(this.#ours && error instanceof KernelError && error.errno === "EACCES")) throw error;
      // One of an earlier life, which gave it away: whoever reads it has seen its end.
      rmSync(path);
      return openNamedPipe(path, owner);
    }
  }

  /** Said when it begins, until the reader has caught up; each line is counted. */
  #drop(count: number): void {
    if (this.#dropped === 0) this.#listener.event(event("notify-fifo-full", { fifo: this.#fifo.path }));
    this.#dropped += count;
    this.#listener.dropped(this.#fifo.path, count);
  }
}
