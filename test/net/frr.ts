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
  /** 4 when left out. */
  readonly family?: 4 | 6;
}

/** What differs between the families: the macvlan, and the virtual addresses on it. */
const FAMILIES = {
  4: { name: "vrrp4-51", mac: "00:00:5e:00:01:33", command: "ip", addresses: ["192.0.2.100/24"] },
  6: {
    name: "vrrp6-51",
    mac: "00:00:5e:00:02:33",
    command: "ipv6",
    addresses: ["fe80::100/64", "2001:db8::100/64"],
  },
} as const;

/**
 * An FRRouting with one virtual router: VRID 51 on eth0, with 192.0.2.100, or fe80::100 and 2001:db8::100, for which the host
 * has to have IPv6.
 */
export class Frr {
  readonly host: Host;
  /** Its daemons give up root's rights before they open their files. */
  readonly #directory = mkdtempSync(join(tmpdir(), "rvrrp-frr-"));
  #daemons: ChildProcess[] = [];

  readonly #family: 4 | 6;

  constructor(stage: Stage, host: Host, { version, priority, advertInterval, family = 4 }: FrrOptions) {
    this.host = host;
    this.#family = family;
    stage.teardown(() => rmSync(this.#directory, { recursive: true, force: true }));
    const { name, mac, command, addresses } = FAMILIES[family];
    host.ip("link", "add", name, "link", "eth0", "type", "macvlan", "mode", "bridge");
    host.ip("link", "set", name, "address", mac);
    if (family === 6) {
      // 1: no link-local address but the virtual one.
      host.sysctl(`net.ipv6.conf.${name}.addr_gen_mode=1`);
      host.sysctl(`net.ipv6.conf.${name}.disable_ipv6=0`);
    }
    for (const address of addresses)
      host.ip("address", "add", address, "dev", name, ...(family === 6 ? ["nodad"] : []));
    host.ip("link", "set", name, "up");
    writeFileSync(join(this.#directory, "zebra.conf"), "");
    writeFileSync(
      join(this.#directory, "vrrpd.conf"),
      `interface eth0
 vrrp 51 version ${version}
 vrrp 51 priority ${priority}
 vrrp 51 advertisement-interval ${advertInterval}
 ${addresses.map((address) => `vrrp 51 ${command} ${address.split("/")[0]}`).join("\n ")}
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
    const told = this.#ask("vrrpd", "show vrrp 51");
    return new RegExp(`Status \\(v${this.#family}\\)\\s+(\\w+)`).exec(told)?.[1];
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
