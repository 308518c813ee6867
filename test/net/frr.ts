/**
 * FRRouting's vrrpd on a host of the test's: the other director. It wants a macvlan with the virtual MAC that holds the
 * address, which it keeps protocol-down while it is backup.
 */

import { type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Host, run, type Stage, until } from "./namespace.ts";

const DAEMONS = "/usr/lib/frr";

/** Whether this machine has FRRouting. */
export function hasFrr(): boolean {
  return existsSync(join(DAEMONS, "vrrpd"));
}

/** What of its configuration varies. */
export interface FrrOptions {
  readonly version: 2 | 3;
  readonly priority: number;
  /** Milliseconds; whole seconds for version 2. */
  readonly advertInterval: number;
}

/** An FRRouting with one virtual router: VRID 51 and 192.0.2.100 on eth0. */
export class Frr {
  readonly host: Host;
  /** Its daemons give up root's rights before they open their files. */
  readonly #directory = mkdtempSync(join(tmpdir(), "rvrrp-frr-"));
  #daemons: ChildProcess[] = [];

  constructor(stage: Stage, host: Host, { version, priority, advertInterval }: FrrOptions) {
    this.host = host;
    stage.teardown(() => rmSync(this.#directory, { recursive: true, force: true }));
    host.ip("link", "add", "vrrp4-51", "link", "eth0", "type", "macvlan", "mode", "bridge");
    host.ip("link", "set", "vrrp4-51", "address", "00:00:5e:00:01:33");
    host.ip("address", "add", "192.0.2.100/24", "dev", "vrrp4-51");
    host.ip("link", "set", "vrrp4-51", "up");
    writeFileSync(join(this.#directory, "zebra.conf"), "");
    writeFileSync(
      join(this.#directory, "vrrpd.conf"),
      `interface eth0
 vrrp 51 version ${version}
 vrrp 51 priority ${priority}
 vrrp 51 advertisement-interval ${advertInterval}
 vrrp 51 ip 192.0.2.100
`,
    );
    run("chown", "-R", "frr:frr", this.#directory);
  }

  /** Starts it. */
  async start(): Promise<void> {
    for (const name of ["zebra", "vrrpd"]) {
      const file = (suffix: string) => join(this.#directory, suffix);
      const files = ["-f", file(`${name}.conf`), "-z", file("zserv.api"), "-i", file(`${name}.pid`)];
      const options = [
        "-P",
        "0",
        "--vty_socket",
        this.#directory,
        "-u",
        "frr",
        "-g",
        "frr",
        "--log",
        "stdout",
      ];
      const daemon = this.host.spawn(join(DAEMONS, name), ...files, ...options);
      daemon.stdout?.resume();
      daemon.stderr?.resume();
      this.#daemons.push(daemon);
      await until(`${name} answers`, () => this.#answers(name));
    }
  }

  /** Cuts it off without a farewell, as a loss of power does. */
  kill(): void {
    for (const daemon of this.#daemons) daemon.kill("SIGSTOP");
    for (const daemon of this.#daemons.splice(0)) daemon.kill("SIGKILL");
  }

  /** Its state in its own words: Initialize, Master, Backup. */
  get state(): string | undefined {
    return /Status \(v4\)\s+(\w+)/.exec(this.#ask("vrrpd", "show vrrp 51"))?.[1];
  }

  #answers(name: string): boolean {
    try {
      return this.#ask(name, "show version").includes("FRRouting");
    } catch {
      return false;
    }
  }

  #ask(name: string, question: string): string {
    return run(
      "ip",
      ...this.host.inside(),
      "vtysh",
      "--vty_socket",
      this.#directory,
      "-d",
      name,
      "-c",
      question,
    );
  }
}
