/**
 * A client, a director and two real servers, each in a network namespace, on one switch. The client knows the virtual
 * address only; the real servers answer through the director, or past it. Needs root and a kernel with ip_vs.
 *
 *     client 192.0.2.50 ──┐                       ┌── real server 198.51.100.21, 2001:db8:2::21
 *                         ├── switch ─────────────┤
 *     director 192.0.2.1 ─┘ 198.51.100.1          └── real server 198.51.100.22, 2001:db8:2::22
 */

import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFileSync,
  spawn,
} from "node:child_process";
import { readFileSync } from "node:fs";
import { kill, until, World } from "./world.ts";

export const VIP = "192.0.2.100";
export const VIP6 = "2001:db8:1::100";
export const HOSTS = [21, 22] as const;

/** Says over TCP and UDP, on any address, which real server it is. */
const SERVER = `
  const [name, ...ports] = process.argv.slice(1);
  for (const port of ports) {
    require("node:http").createServer((_, answer) => answer.end(name)).listen(Number(port), "::");
    const socket = require("node:dgram").createSocket({ type: "udp4" });
    socket.on("message", (_, from) => socket.send(name, from.port, from.address));
    socket.bind(Number(port), process.env.VIP);
  }
`;

/** Sends datagrams from one socket, each after the answer to the one before, and prints who answered. */
const ASKER = `
  const [address, port, count] = process.argv.slice(1);
  const socket = require("node:dgram").createSocket("udp4");
  const answers = [];
  const ask = () => socket.send("who", Number(port), address);
  socket.on("message", (answer) => {
    answers.push(String(answer));
    if (answers.length < Number(count)) return ask();
    console.log(answers.join(" "));
    process.exit();
  });
  setTimeout(() => process.exit(1), 60_000);
  ask();
`;

/** Four questions in a row, answered in turns. */
export const TURNS = ["real21", "real22", "real21", "real22"];

/** The answers from the first real server's on: turns begin with either of the two. */
export function inTurns(answers: readonly (string | undefined)[]): readonly (string | undefined)[] {
  return answers[0] === "real22" ? [...answers.slice(1), answers[0]] : answers;
}

/** A director's world, and everybody around it. */
export class Site extends World {
  readonly #others: string[] = [];
  readonly #programs: ChildProcess[] = [];

  constructor() {
    super();
    const lan = this.#add("lan");
    this.#at(lan, "ip", "link", "add", "br0", "type", "bridge");
    this.#at(lan, "ip", "link", "set", "br0", "up");
    this.#plug(
      this.name,
      lan,
      "director",
      "192.0.2.1/24",
      "198.51.100.1/24",
      "2001:db8:1::1/64",
      "2001:db8:2::1/64",
    );
    this.run("ip", "addr", "add", `${VIP}/32`, "dev", "eth0");
    this.run("ip", "-6", "addr", "add", `${VIP6}/128`, "dev", "eth0", "nodad");
    this.run("sysctl", "-qw", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.eth0.send_redirects=0");
    this.#plug(this.#add("client"), lan, "client", "192.0.2.50/24", "2001:db8:1::50/64");
    for (const host of HOSTS) {
      const real = this.#add(`real${host}`);
      this.#plug(real, lan, `real${host}`, `198.51.100.${host}/24`, `2001:db8:2::${host}/64`);
      this.#at(real, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0");
      // One network for all: where the director says that the client is near, a real server behind NAT must not listen.
      this.#at(real, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_redirects=0");
      this.#at(real, "ip", "route", "add", "default", "via", "198.51.100.1");
      this.#at(real, "ip", "-6", "route", "add", "default", "via", "2001:db8:2::1");
    }
  }

  /** Runs a program on a real server; its output. */
  onReal(host: number, ...command: readonly [string, ...string[]]): string {
    return this.#at(`${this.name}-real${host}`, ...command);
  }

  /** Starts a program on a real server. */
  startOnReal(host: number, ...command: readonly [string, ...string[]]): void {
    const program = ["netns", "exec", `${this.name}-real${host}`, ...command];
    this.#programs.push(spawn("ip", program, { stdio: "ignore" }));
  }

  /** Runs a program on the client; its output. */
  onClient(...command: readonly [string, ...string[]]): string {
    return this.#at(`${this.name}-client`, ...command);
  }

  /** Starts a program on the client, with pipes to it. */
  startOnClient(...command: readonly [string, ...string[]]): ChildProcessWithoutNullStreams {
    const child = spawn("ip", ["netns", "exec", `${this.name}-client`, ...command]);
    this.#programs.push(child);
    return child;
  }

  /** Has the kernel load a module that it does not load by itself when it is needed. */
  loadModule(name: string): void {
    this.run(readFileSync("/proc/sys/kernel/modprobe", "latin1").trim(), name);
  }

  /** The real servers hold the virtual address without answering ARP for it, and answer past the director. */
  holdVip(device: string): void {
    for (const host of HOSTS) {
      this.onReal(
        host,
        "sysctl",
        "-qw",
        "net.ipv4.conf.all.arp_ignore=1",
        "net.ipv4.conf.all.arp_announce=2",
      );
      this.onReal(host, "ip", "addr", "add", `${VIP}/32`, "dev", device);
      this.onReal(host, "ip", "route", "add", "192.0.2.0/24", "dev", "eth0", "src", VIP);
    }
  }

  /** Starts the real servers' services on these ports. */
  async serve(...ports: readonly number[]): Promise<void> {
    for (const host of HOSTS) {
      const name = `${this.name}-real${host}`;
      const program = [process.execPath, "-e", SERVER, `real${host}`, ...ports.map(String)];
      const held = this.onReal(host, "ip", "-o", "addr", "show").includes(VIP);
      const environment = { ...process.env, VIP: held ? VIP : "0.0.0.0" };
      this.#programs.push(
        spawn("ip", ["netns", "exec", name, ...program], { stdio: "ignore", env: environment }),
      );
    }
    for (const host of HOSTS)
      await until(`real server ${host}`, () =>
        ports.every((port) => this.onReal(host, "ss", "-Htln").includes(`*:${port} `)),
      );
  }

  /** Who answers the client over TCP, asked so many times; undefined for a question without an answer. */
  ask(url: string, count: number): (string | undefined)[] {
    return Array.from({ length: count }, () => {
      try {
        return this.onClient("curl", "-gs", "--max-time", "10", url);
      } catch {
        return undefined;
      }
    });
  }

  /** Who answers datagrams from one socket. */
  askUdp(port: number, count: number): string[] {
    const program = [process.execPath, "-e", ASKER, VIP, `${port}`, `${count}`] as const;
    return this.onClient(...program)
      .trim()
      .split(" ");
  }

  /**
   * Packets that the director saw on their way back from the real servers, once so many connections are counted: the kernel
   * adds up what its processors have counted every two seconds.
   */
  async returned(connections: number): Promise<number> {
    await until("connections are counted", () => this.#counted(1) >= connections);
    return this.#counted(3);
  }

  override async close(): Promise<void> {
    for (const program of this.#programs) await kill(program);
    await super.close();
    for (const name of this.#others) {
      // What a program has forked does not end with it.
      execFileSync("sh", ["-c", `kill -9 $(ip netns pids ${name}) 2> /dev/null; ip netns del ${name}`]);
    }
  }

  /** A column of `ipvsadm --stats`, added up: 1 is connections, 2 packets in, 3 packets out. */
  #counted(column: number): number {
    const lines = this.run("ipvsadm", "-Ln", "--stats", "--exact").split("\n");
    const counts = lines.filter((line) => line.includes("->") && !line.includes("RemoteAddress"));
    return counts.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[column + 1]), 0);
  }

  #add(role: string): string {
    const name = `${this.name}-${role}`;
    execFileSync("ip", ["netns", "add", name]);
    this.#others.push(name);
    this.#at(name, "ip", "link", "set", "lo", "up");
    return name;
  }

  #plug(name: string, lan: string, port: string, ...addresses: readonly string[]): void {
    this.#at(lan, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name);
    this.#at(lan, "ip", "link", "set", port, "master", "br0", "up");
    for (const address of addresses) {
      const options = address.includes(":") ? ["nodad"] : [];
      this.#at(name, "ip", "addr", "add", address, "dev", "eth0", ...options);
    }
    this.#at(name, "ip", "link", "set", "eth0", "up");
  }

  #at(name: string, ...command: readonly [string, ...string[]]): string {
    return execFileSync("ip", ["netns", "exec", name, ...command], { encoding: "utf8" });
  }
}
