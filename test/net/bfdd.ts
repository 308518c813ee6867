/**
 * FRRouting's bfdd on a host of the test's: the other end of BFD sessions.
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Host, run, type Stage, until } from "./namespace.ts";

const DAEMONS = "/usr/lib/frr";

/** Whether this machine has FRRouting's bfdd. */
export function hasBfdd(): boolean {
  return existsSync(join(DAEMONS, "bfdd"));
}

/** What bfdd says of a session. */
export interface BfddPeer {
  readonly peer: string;
  /** `up`, `down`, `init`, `shutdown` */
  readonly status: string;
  readonly diagnostic: string;
  readonly "remote-diagnostic": string;
  /** Milliseconds: what the other side tells. */
  readonly "remote-receive-interval": number;
  readonly "remote-transmit-interval": number;
  readonly "remote-detect-multiplier": number;
}

/** A bfdd. */
export class Bfdd {
  readonly host: Host;
  /** It gives up root's rights before it opens its files. */
  readonly #directory = mkdtempSync(join(tmpdir(), "rbfd-frr-"));

  /** `peers` are the lines below its `bfd`. */
  constructor(stage: Stage, host: Host, peers: string) {
    this.host = host;
    stage.teardown(() => rmSync(this.#directory, { recursive: true, force: true }));
    writeFileSync(join(this.#directory, "zebra.conf"), "");
    writeFileSync(join(this.#directory, "bfdd.conf"), `bfd\n${peers}\n`);
    run("chown", "-R", "frr:frr", this.#directory);
  }

  /** Starts it. */
  async start(): Promise<void> {
    for (const name of ["zebra", "bfdd"]) {
      const file = (suffix: string) => join(this.#directory, suffix);
      const files = ["-f", file(`${name}.conf`), "-z", file("zserv.api"), "-i", file(`${name}.pid`)];
      const options = ["-P", "0", "--vty_socket", this.#directory, "-u", "frr", "-g", "frr"];
      const control = name === "bfdd" ? ["--bfdctl", file("bfdd.sock")] : [];
      const daemon = this.host.spawn(
        join(DAEMONS, name),
        ...files,
        ...options,
        ...control,
        "--log",
        "stdout",
      );
      daemon.stdout?.resume();
      daemon.stderr?.resume();
      await until(`${name} answers`, () => this.#answers(name));
    }
  }

  /** Its sessions, by the neighbour's address. */
  get peers(): ReadonlyMap<string, BfddPeer> {
    const all = JSON.parse(this.ask("bfdd", "show bfd peers json")) as readonly BfddPeer[];
    return new Map(all.map((peer) => [peer.peer, peer]));
  }

  /** Waits for a session's state. */
  async sees(peer: string, status: string): Promise<void> {
    await until(`bfdd sees ${peer} ${status}`, () => this.peers.get(peer)?.status === status);
  }

  /** How often a session has gone down. */
  downs(peer: string): number {
    const all = JSON.parse(this.ask("bfdd", "show bfd peers counters json")) as readonly {
      readonly peer: string;
      readonly "session-down": number;
    }[];
    return all.find((one) => one.peer === peer)?.["session-down"] ?? -1;
  }

  /** What a daemon answers to commands of its command line. */
  ask(name: string, ...commands: readonly string[]): string {
    const lines = commands.flatMap((command) => ["-c", command]);
    const socket = ["--vty_socket", this.#directory, "-d", name];
    return run("ip", ...this.host.inside(), "vtysh", ...socket, ...lines);
  }

  #answers(name: string): boolean {
    try {
      return this.ask(name, "show version").includes("FRRouting");
    } catch {
      return false;
    }
  }
}
