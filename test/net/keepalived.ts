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
  /** 192.0.2.100/24 when left out. */
  readonly addresses?: readonly string[];
  /** Unicast from the first to the second, instead of multicast. */
  readonly unicast?: readonly [source: string, peer: string];
  /** use_vmac, with vrrp.51, or vrrp6.51 over IPv6. */
  readonly vmac?: boolean;
  /** A second instance on eth1, `inner` with VRID 52 and 198.51.100.1, in one sync group with the first. */
  readonly group?: boolean;
}

function authenticationBlock(authentication: KeepalivedOptions["authentication"]): string {
  if (authentication === undefined) return "";
  const { type, password } = authentication;
  return `authentication {\n auth_type ${type}\n auth_pass ${password}\n }`;
}

function instance(name: string, on: string, vrid: number, options: KeepalivedOptions): string {
  const { version, priority, advertInterval, addresses = [], unicast, authentication } = options;
  return `vrrp_instance ${name} {
       interface ${on}
       virtual_router_id ${vrid}
       version ${version}
       priority ${priority}
       advert_int ${advertInterval}
       ${unicast === undefined ? "" : `unicast_src_ip ${unicast[0]}\nunicast_peer {\n${unicast[1]}\n}`}
       ${options.vmac === true ? `use_vmac ${addresses[0]?.includes(":") ? "vrrp6" : "vrrp"}.${vrid}` : ""}
       ${authenticationBlock(authentication)}
       virtual_ipaddress {
         ${addresses.join("\n")}
       }
     }\n`;
}

/** A keepalived. */
export class Keepalived {
  readonly host: Host;
  readonly #path: string;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(lan: Lan, host: Host, options: KeepalivedOptions) {
    const addresses = options.addresses ?? ["192.0.2.100/24"];
    const outer = instance("web", "eth0", 51, { ...options, addresses });
    const inner = instance("inner", "eth1", 52, { ...options, addresses: ["198.51.100.1/24"] });
    this.host = host;
    this.#path = join(lan.directory, `keepalived-${host.namespace}`);
    writeFileSync(
      `${this.#path}.conf`,
      options.group === true
        ? `vrrp_sync_group lan {\n group {\n web\n inner\n }\n }\n${outer}${inner}`
        : outer,
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
