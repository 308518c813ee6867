/** A keepalived on a host of the test's, in the foreground, with files of its own: the other director. */

import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Host, type Lan, run, until } from "./namespace.ts";

/** Whether this machine has keepalived. */
export function hasKeepalived(): boolean {
  try {
    run("keepalived", "--version");
    return true;
  } catch {
    return false;
  }
}

/** What of its configuration varies. */
export interface KeepalivedOptions {
  readonly version: 2 | 3;
  readonly priority: number;
  /** Seconds. */
  readonly advertInterval: number;
  /** Version 2: its auth_type and auth_pass. */
  readonly authentication?: { readonly type: "PASS" | "AH"; readonly password: string };
}

function authenticationBlock(authentication: KeepalivedOptions["authentication"]): string {
  if (authentication === undefined) return "";
  const { type, password } = authentication;
  return `authentication {\n auth_type ${type}\n auth_pass ${password}\n }`;
}

/** A keepalived. */
export class Keepalived {
  readonly host: Host;
  readonly #path: string;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(lan: Lan, host: Host, options: KeepalivedOptions) {
    const { version, priority, advertInterval, authentication } = options;
    this.host = host;
    this.#path = join(lan.directory, `keepalived-${host.namespace}`);
    writeFileSync(
      `${this.#path}.conf`,
      `vrrp_instance web {
         interface eth0
         virtual_router_id 51
         version ${version}
         priority ${priority}
         advert_int ${advertInterval}
         ${authenticationBlock(authentication)}
         virtual_ipaddress {
           192.0.2.100/24
         }
       }\n`,
    );
  }

  /** Starts it. */
  start(): void {
    const files = ["-f", `${this.#path}.conf`, "-p", `${this.#path}.pid`, "-r", `${this.#path}.vrrp.pid`];
    const child = this.host.spawn("keepalived", "-P", "-n", "-l", "-D", ...files);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        this.#log += text.toString();
      });
    }
    this.#child = child;
  }

  /** Stops it in good order. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#ended();
  }

  /** Kills it and its VRRP process at once, as a loss of power does; neither is to see the other's end. */
  async kill(): Promise<void> {
    const parent = this.#child?.pid ?? -1;
    const children = run("ps", "-o", "pid=", "--ppid", `${parent}`).trim().split(/\s+/).map(Number);
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
      for (const pid of [parent, ...children]) process.kill(pid, signal);
    }
    await this.#ended();
  }

  /** The states that it has entered, in its own words: MASTER, BACKUP, FAULT. */
  get states(): readonly string[] {
    return [...this.#log.matchAll(/\(web\) Entering (\w+) STATE/g)].map(([, state = ""]) => state);
  }

  /** The lines of its log that complain of a packet; that one of lower priority is discarded is the protocol. */
  get complaints(): readonly string[] {
    return this.#log
      .split("\n")
      .filter((line) => /invalid|bogus|mismatch|wrong|error|discard/i.test(line))
      .filter((line) => !line.includes("received lower priority"));
  }

  async #ended(): Promise<void> {
    await until(
      "keepalived has ended",
      () => this.#child?.exitCode !== null || this.#child.signalCode !== null,
    );
  }
}
