/**
 * Watches the maintenance directory: a file in it that is named like a real server, `198.51.100.21:80` or `198.51.100.21`,
 * puts that one into maintenance for as long as it is there. What is in the file does not matter.
 *
 * The kernel tells of changes (inotify), and all is read anew every ten seconds in case that it did not, as on a network's
 * file system. A directory that is not there is empty; one that cannot be read leaves everything as it was.
 */

import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { parseTarget, type RealServerTarget, targetKey } from "../core/balance/target.ts";
import { type Event, event } from "../core/report/event.ts";

/** Everything is read anew so often. */
const READ_AGAIN_MS = 10_000;
/** The same while the directory is not there or cannot be read. */
const LOOK_AGAIN_MS = 1_000;
/** What comes together is read together. */
const TOGETHER_MS = 20;
/** A configuration is not held up for longer by a disk that does not answer. */
const FIRST_READ_MS = 1_000;
/** So many names that mean nothing are told of in one reading, and so much of each. */
const TOLD_MAX = 20;
const NAME_SHOWN_MAX = 100;

/** Who hears of it. */
export interface MaintenanceListener {
  event(happened: Event): void;
  /** These are in maintenance now, and no others. */
  changed(targets: readonly RealServerTarget[]): void;
}

/** The directory, watched. */
export class MaintenanceWatch {
  readonly #listener: MaintenanceListener;
  #directory: string | undefined;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  #failure: string | undefined;
  /** Names without a meaning that have been told of. */
  #told: ReadonlySet<string> = new Set();
  #targets: readonly RealServerTarget[] = [];

  constructor(listener: MaintenanceListener) {
    this.#listener = listener;
  }

  /** The real servers that are in maintenance. */
  get targets(): readonly RealServerTarget[] {
    return this.#targets;
  }

  /** Watches this directory from now on, or none; resolves when it has been read once, but does not wait for a slow disk. */
  async configure(directory: string | undefined): Promise<void> {
    if (directory === this.#directory) return;
    this.close();
    this.#directory = directory;
    this.#failure = undefined;
    this.#told = new Set();
    if (directory === undefined) return this.#take([]);
    await Promise.race([this.#read(), pause(FIRST_READ_MS)]);
  }

  /** Watches no more; what is in maintenance stays there. */
  close(): void {
    this.#directory = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
    clearTimeout(this.#timer);
  }

  /** Reads it; once more when it changes meanwhile. */
  #read(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readUntilCalm();
    return this.#reading;
  }

  async #readUntilCalm(): Promise<void> {
    while (this.#again && this.#directory !== undefined) {
      this.#again = false;
      const directory = this.#directory;
      // Before it is read: what changes afterwards is heard of.
      this.#watch(directory);
      const names = await list(directory);
      if (directory !== this.#directory) continue;
      if (typeof names === "string") this.#fail(directory, names);
      else this.#recover(directory);
      if (names === "ENOENT") this.#take([]);
      if (typeof names !== "string") this.#interpret(names);
      this.#arm(typeof names === "string" ? LOOK_AGAIN_MS : READ_AGAIN_MS);
    }
    this.#reading = undefined;
  }

  #watch(directory: string): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#arm(TOGETHER_MS));
      watcher.on("error", () => this.#unwatch());
      this.#watcher = watcher;
    } catch {
      // Reading it says why.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #arm(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#directory === undefined) return;
    this.#timer = setTimeout(() => void this.#read(), milliseconds).unref();
  }

  #fail(directory: string, error: string): void {
    // Should another directory come in its place, the watch would still be on the old one.
    this.#unwatch();
    if (this.#failure === error) return;
    this.#failure = error;
    this.#listener.event(event("maintenance-directory-failed", { directory, error }));
  }

  #recover(directory: string): void {
    if (this.#failure !== undefined) this.#listener.event(event("maintenance-directory-read", { directory }));
    this.#failure = undefined;
  }

  #interpret(names: readonly string[]): void {
    const targets: RealServerTarget[] = [];
    const meaningless: string[] = [];
    for (const name of names) {
      if (name.startsWith(".")) continue;
      const target = parseTarget(name);
      if (target === undefined) meaningless.push(name);
      else targets.push(target);
    }
    for (const name of meaningless.filter((one) => !this.#told.has(one)).slice(0, TOLD_MAX)) {
      const file = name.slice(0, NAME_SHOWN_MAX);
      this.#listener.event(
        event("maintenance-ignored", {
          file,
          cause: "it is no address, with or without a port: name it by the real server's address",
        }),
      );
    }
    this.#told = new Set(meaningless);
    this.#take(targets);
  }

  #take(targets: readonly RealServerTarget[]): void {
    if (keysOf(targets) === keysOf(this.#targets)) return;
    this.#targets = targets;
    this.#listener.changed(targets);
  }
}

/** The names in a directory, or the code of the error. */
async function list(directory: string): Promise<readonly string[] | string> {
  try {
    return await readdir(directory);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function keysOf(targets: readonly RealServerTarget[]): string {
  return targets.map(targetKey).toSorted().join("\n");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
