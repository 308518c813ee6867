/**
 * Hosts on two networks, each host a network namespace of this machine's kernel: what the tests of this folder play on.
 *
 * ```
 *             public (eth0, 192.0.2.0/24)
 *       ┌─────────────┬─────────────┐
 *     lvs1          lvs2          probe
 *       └─────────────┴─────────────┘
 *             private (eth1, 198.51.100.0/24)
 * ```
 *
 * The switches live in a namespace of their own, so that a cable can be pulled without touching the host's end. Nothing
 * outside of these namespaces is changed; they and every process in them are gone when the test ends, however it ends.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesIn, signalAll } from "../../src/lab/site.ts";

/** What a test offers to clean up behind it: tap's `t`. */
export interface Stage {
  teardown(action: () => unknown): void;
}

/** The interfaces of a host. */
const INTERFACES = ["eth0", "eth1"] as const;
/** The name of an interface. */
export type InterfaceName = (typeof INTERFACES)[number];

const NETWORKS: Record<InterfaceName, string> = { eth0: "192.0.2", eth1: "198.51.100" };
let made = 0;

/** Runs a command to its end; its output. Throws with what it said when it fails. */
export function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr || error?.message || status}`);
  return stdout;
}

/** Waits until a condition holds; throws when it does not within `seconds`, which is generous. */
export async function until(what: string, condition: () => unknown, seconds = 20): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(10);
  }
}

/** One host. */
export class Host {
  /** The namespace. */
  readonly namespace: string;
  /** The last part of its addresses: 192.0.2.`octet` on eth0, 198.51.100.`octet` on eth1. */
  readonly octet: number;
  /** Its end of the switch's cable of an interface. */
  readonly port: Record<InterfaceName, string>;
  readonly #lan: Lan;

  constructor(lan: Lan, namespace: string, octet: number) {
    this.#lan = lan;
    this.namespace = namespace;
    this.octet = octet;
    this.port = { eth0: `pub${octet}`, eth1: `prv${octet}` };
  }

  /** `ip -n NAMESPACE …` */
  ip(...args: readonly string[]): string {
    return run("ip", "-n", this.namespace, ...args);
  }

  /** Starts a program on the host; it is killed when the test ends. */
  spawn(command: string, ...args: readonly string[]): ChildProcess {
    return this.#lan.own(spawn("ip", [...this.inside(), command, ...args], { env: plainEnvironment() }));
  }

  /** The arguments of `ip` with which a program's command line starts here. */
  inside(): readonly string[] {
    return ["netns", "exec", this.namespace];
  }

  /** The IPv4 addresses of an interface with their prefixes, in the kernel's order; none when there is no interface. */
  addresses(name: InterfaceName): readonly string[] {
    const all = JSON.parse(this.ip("-4", "-j", "address")) as {
      ifname: string;
      addr_info: { local: string; prefixlen: number }[];
    }[];
    const found = all.find(({ ifname }) => ifname === name)?.addr_info ?? [];
    return found.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  }

  /** Whether it holds 192.0.2.100. */
  holdsVip(): boolean {
    return this.addresses("eth0").some((address) => address.startsWith("192.0.2.100/"));
  }

  /** Makes an interface, connected to its switch and with its address. */
  connect(name: InterfaceName): void {
    const { switchNamespace } = this.#lan;
    const port = this.port[name];
    this.ip("link", "add", name, "type", "veth", "peer", "name", port, "netns", switchNamespace);
    run("ip", "-n", switchNamespace, "link", "set", port, "master", `br-${name}`, "up");
    this.ip("address", "add", `${NETWORKS[name]}.${this.octet}/24`, "dev", name);
    this.ip("link", "set", name, "up");
  }

  /**
   * Gives both interfaces IPv6: fe80::`octet` and 2001:db8::`octet` on eth0, fe80::`octet` on eth1, the octet's digits read as
   * hexadecimal. There is no duplicate address detection, so that they may be used at once.
   */
  useIpv6(): void {
    for (const name of INTERFACES) {
      // 1: no link-local address but the one that is given.
      this.sysctl(`net.ipv6.conf.${name}.addr_gen_mode=1`);
      this.sysctl(`net.ipv6.conf.${name}.disable_ipv6=0`);
      this.ip("address", "add", `fe80::${this.octet}/64`, "dev", name, "nodad");
    }
    this.ip("address", "add", `2001:db8::${this.octet}/64`, "dev", "eth0", "nodad");
  }

  /** Sets a kernel setting of the host's: `NAME=VALUE`. */
  sysctl(setting: string): void {
    run("ip", ...this.inside(), "sysctl", "-qw", setting);
  }

  /** The IPv6 addresses of an interface in the words of `ip -o`, such as `2001:db8::100/64 scope global nodad`. */
  addresses6(name: InterfaceName): readonly string[] {
    const lines = this.ip("-6", "-o", "address", "show", "dev", name).split("\n").filter(Boolean);
    return lines.map((line) => /inet6 (.*?) *\\/.exec(line)?.[1] ?? line).toSorted();
  }

  /** Pulls the cable out of the switch, or puts it back: the host's end loses its carrier. */
  cable(name: InterfaceName, state: "up" | "down"): void {
    run("ip", "-n", this.#lan.switchNamespace, "link", "set", this.port[name], state);
  }
}

/** The hosts and their networks. */
export class Lan {
  readonly switchNamespace: string;
  /** A directory for files, removed at the end. */
  readonly directory = mkdtempSync(join(tmpdir(), "rvrrp-"));
  readonly #prefix = `rvrrp-${process.pid}-${(made += 1)}`;
  readonly #namespaces: string[] = [];
  readonly #children: ChildProcess[] = [];

  constructor(stage: Stage) {
    this.switchNamespace = `${this.#prefix}-switch`;
    const close = () => this.#close();
    process.once("exit", close);
    stage.teardown(() => {
      process.removeListener("exit", close);
      this.#close();
    });
    this.#namespace(this.switchNamespace);
    for (const name of INTERFACES) {
      const bridge = ["link", "add", `br-${name}`, "type", "bridge", "mcast_snooping", "0"];
      run("ip", "-n", this.switchNamespace, ...bridge);
      run("ip", "-n", this.switchNamespace, "link", "set", `br-${name}`, "up");
    }
  }

  /** A host with both interfaces up. */
  host(name: string, octet: number): Host {
    const namespace = `${this.#prefix}-${name}`;
    this.#namespace(namespace);
    const host = new Host(this, namespace, octet);
    for (const interfaceName of INTERFACES) host.connect(interfaceName);
    return host;
  }

  /** Sees to it that a child process does not outlive the test. */
  own(child: ChildProcess): ChildProcess {
    this.#children.push(child);
    child.on("error", () => {});
    return child;
  }

  #namespace(name: string): void {
    run("ip", "netns", "add", name);
    this.#namespaces.push(name);
    // No neighbour discovery in the captures.
    run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
    run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
    run("ip", "-n", name, "link", "set", "lo", "up");
  }

  #close(): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill("SIGKILL");
    for (const namespace of this.#namespaces.splice(0)) {
      // Whoever started them.
      signalAll(processesIn(namespace), "SIGKILL");
      spawnSync("ip", ["netns", "del", namespace]);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** This process's environment without what tap adds to it for the Node processes below it. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return rest;
}
