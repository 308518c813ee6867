/**
 * The named pipes that get a line for each state of an instance. A reader that does not read holds nothing up: lines wait,
 * so many of them, and then the oldest are dropped and counted.
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { type Event, event } from "../core/report/event.ts";
import { type LineQueue, NO_LINES, put, written } from "../core/supervision/line-queue.ts";
import { fifoLine, type Notice, type NotifyFifo } from "../core/supervision/notify.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { type NamedPipe, openNamedPipe } from "../linux/named-pipe.ts";

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
  readonly #writers = new Map<string, PipeWriter>();

  constructor(runDirectory: string, listener: PipeListener) {
    this.#runDirectory = runDirectory;
    this.#listener = listener;
  }

  /** Writes to these from now on; takes away those that are no longer asked for, if they were ours. */
  configure(fifos: readonly NotifyFifo[]): void {
    for (const [path, writer] of this.#writers) {
      if (fifos.some((fifo) => fifo.path === path)) continue;
      writer.close();
      this.#writers.delete(path);
    }
    for (const fifo of fifos) {
      if (this.#writers.has(fifo.path)) continue;
      // One of an earlier life that was killed lies in the run directory.
      const ours = dirname(fifo.path) === this.#runDirectory;
      this.#writers.set(fifo.path, new PipeWriter(fifo, ours, this.#listener));
    }
  }

  /** A line on each pipe. */
  tell(notice: Notice): void {
    for (const writer of this.#writers.values()) writer.put(fifoLine(notice));
  }

  close(): void {
    this.configure([]);
  }
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
