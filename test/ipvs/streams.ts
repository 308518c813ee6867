/**
 * A pair of directors, each with a whole Relevo, between a client and two real servers; and TCP streams of the client's
 * through the virtual address, on which a line is sent twice a second and comes back. Needs root and a kernel with ip_vs.
 *
 * ```
 *             public (eth0, 192.0.2.0/24), with the virtual address
 *       ┌─────────────┬─────────────┬──────── client
 *     lvs1          lvs2            │ (DR)
 *       └─────────────┴─────────────┴──────── real servers 21, 22
 *             private (eth1, 198.51.100.0/24), with heartbeats, connection sync, and for NAT the gateway 198.51.100.1
 * ```
 */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { type Host, Lan, type Stage } from "../net/namespace.ts";
import { Director, until } from "../process/pair.ts";

const VIP = "192.0.2.100";
const PORT = 7_000;
const REALS = [21, 22] as const;
const INTERFACES = ["eth0", "eth1"] as const;

/** Sends back what it gets. */
const ECHO = `
  require("node:net").createServer((stream) => stream.on("error", () => {}).pipe(stream)).listen(${PORT}, "0.0.0.0");
`;

/**
 * Opens streams, and prints every half second how many are open, how many were lost, and the age in milliseconds of the
 * oldest last line that has come back.
 */
const CLIENT = `
  const count = Number(process.argv[1]);
  let lost = 0;
  const why = [];
  const streams = Array.from({ length: count }, (_, index) => {
    const stream = require("node:net").connect(${PORT}, "${VIP}").setNoDelay();
    const state = { stream, open: false, sent: 0, heard: "", back: 0, at: 0 };
    stream.on("connect", () => { state.open = true; });
    stream.on("error", ({ code }) => why.push(code));
    stream.on("close", () => { state.open = false; lost += 1; });
    stream.on("data", (bytes) => {
      const lines = (state.heard + bytes).split("\\n");
      state.heard = lines.pop();
      for (const line of lines) {
        const [number, at] = line.split(" ").map(Number);
        if (number !== (state.back += 1)) stream.destroy();
        state.at = at;
      }
    });
    return state;
  });
  setInterval(() => {
    const now = Date.now();
    for (const state of streams) if (state.open) state.stream.write((state.sent += 1) + " " + now + "\\n");
    const open = streams.filter((state) => state.open);
    const oldest = Math.min(...open.map((state) => state.at));
    console.log(JSON.stringify({ open: open.length, lost, why: [...new Set(why)], age: now - oldest }));
  }, 500);
`;

/** What the client says of its streams. */
interface Standing {
  readonly open: number;
  readonly lost: number;
  /** What the client's kernel said of those that were lost. */
  readonly why: readonly string[];
  /** Since the line was sent that is the oldest of the last ones that came back, in milliseconds. */
  readonly age: number;
}

/** How packets reach the real servers. */
export type Method = "NAT" | "DR";

/** How the director that takes over knows where a stream belongs: it was told, or makes the same of the client's address and port. */
export type Knowledge = "sync" | "hash";

const GLOBALS: Readonly<Record<Knowledge, string>> = {
  sync: "lvs_sync_daemon: { interface: eth1, instance: web }",
  hash: "ipvs_sysctls: { sloppy_tcp: 1 }",
};
const SCHEDULER: Readonly<Record<Knowledge, string>> = {
  sync: "lvs_sched: rr",
  hash: "lvs_sched: mh, mh-port: true",
};

function configuration(method: Method, knowledge: Knowledge, key: string): string {
  const network = method === "NAT" ? "198.51.100" : "192.0.2";
  return `
global_defs: { ${GLOBALS[knowledge]} }
directors:
  lvs1: { priority: 150, addresses: { public: 192.0.2.11, private: 198.51.100.11 } }
  lvs2: { priority: 100, addresses: { public: 192.0.2.12, private: 198.51.100.12 } }
heartbeat: { interval: 200ms, key_file: ${key} }
vrrp_instances:
  web: { interface: eth0, virtual_router_id: 51, version: 3, advert_int: 1, nopreempt: true, virtual_ipaddress: [${VIP}/24] }
  gateway: { interface: eth1, virtual_router_id: 52, version: 3, advert_int: 1, nopreempt: true, virtual_ipaddress: [198.51.100.1/24] }
vrrp_sync_groups: { site: { group: [web, gateway] } }
virtual_servers:
  - { address: ${VIP}, port: ${PORT}, ${SCHEDULER[knowledge]}, lvs_method: ${method}, real_servers: [{ address: ${network}.21-22 }] }
`;
}

/** The whole scene. */
export class Streams {
  readonly lvs1: Director;
  readonly lvs2: Director;
  /** What the client said last; undefined before it has said anything. */
  standing: Standing | undefined;
  readonly #hosts: Readonly<Record<string, Host>>;
  readonly #client: Host;
  readonly #knowledge: Knowledge;

  constructor(stage: Stage, method: Method, knowledge: Knowledge = "sync") {
    const lan = new Lan(stage);
    this.#knowledge = knowledge;
    const [first, second] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    this.#hosts = { lvs1: first, lvs2: second };
    const key = join(lan.directory, "heartbeat.key");
    const config = configuration(method, knowledge, key);
    this.lvs1 = new Director("lvs1", first.namespace, join(lan.directory, "lvs1"), config);
    this.lvs2 = new Director("lvs2", second.namespace, join(lan.directory, "lvs2"), config);
    // The processes go before their namespaces do.
    stage.teardown(() => Promise.all([this.lvs1.end(), this.lvs2.end()]));
    this.lvs1.relevo("keygen", "--output", key);
    for (const host of [first, second]) {
      host.sysctl("net.ipv4.conf.all.send_redirects=0");
      host.sysctl("net.ipv4.conf.eth0.send_redirects=0");
    }
    for (const octet of REALS) this.#prepare(lan.host(`real${octet}`, octet), method);
    this.#client = lan.host("client", 50);
  }

  /** Starts both directors; the first one is the master. */
  async start(): Promise<void> {
    await this.lvs1.start();
    await until("a master", () => this.lvs1.holds(`${VIP}/24`));
    await this.lvs2.start();
    await this.#paired();
  }

  /** Opens so many streams, and waits until all of them work. */
  async open(count: number): Promise<void> {
    const client: ChildProcess = this.#client.spawn(process.execPath, "-e", CLIENT, `${count}`);
    client.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const line = text.trim().split("\n").at(-1);
      if (line?.startsWith("{")) this.standing = JSON.parse(line) as Standing;
    });
    await this.#flowing(count);
    await this.#paired();
  }

  /** The master stops, and its peer takes over before it lets go; then it comes back as a backup. */
  async handOver(): Promise<void> {
    const [from, to] = this.#roles();
    const since = to.log.length;
    from.signal("SIGTERM");
    await from.ended();
    await to.logged("vrrp-transition", since, { instance: "web", to: "master" });
    await this.#flowing();
    await from.start();
    await this.#paired();
  }

  /** The master dies and falls silent; its peer takes over. */
  async lose(): Promise<Director> {
    const [from, to] = this.#roles();
    for (const name of INTERFACES) this.#hosts[from.name]?.cable(name, "down");
    await from.end();
    await until(`${to.name} holds the address`, () => to.holds(`${VIP}/24`));
    await this.#flowing();
    return from;
  }

  /** The same, and then the one that was lost comes back as a backup. */
  async takeOver(): Promise<void> {
    const from = await this.lose();
    // What it held is taken off by the kernel when its lease is over.
    await until(`${from.name} has lost the address`, () => !from.holds(`${VIP}/24`));
    for (const name of INTERFACES) this.#hosts[from.name]?.cable(name, "up");
    await from.start();
    await this.#paired();
  }

  /** Established connections that a director's kernel knows, as ipvsadm shows them. */
  #connections(director: Director): readonly string[] {
    return director
      .run("ipvsadm", "-Lnc")
      .split("\n")
      .filter((line) => line.includes("ESTABLISHED"));
  }

  #roles(): readonly [Director, Director] {
    return this.lvs1.holds(`${VIP}/24`) ? [this.lvs1, this.lvs2] : [this.lvs2, this.lvs1];
  }

  /** The real servers that a director's kernel has these streams at. */
  realServers(director: Director): ReadonlySet<string> {
    return new Set(this.#connections(director).map((line) => line.trim().split(/\s+/).at(-1) ?? ""));
  }

  /** Both directors hear one another, and the backup has been told of every stream if it is to be. */
  async #paired(): Promise<void> {
    const [master, backup] = this.#roles();
    const isUp = (director: Director, peer: Director): boolean =>
      director.metric(`relevo_peer_up{peer="${peer.name}"}`) === 1;
    await until("the pair", () => isUp(master, backup) && isUp(backup, master));
    if (this.#knowledge === "hash") return;
    const open = this.standing?.open ?? 0;
    await until(`${backup.name} knows all streams`, () => this.#connections(backup).length >= open);
  }

  /** Waits until on every stream a line has come back that was sent from now on, unless one was lost. */
  async #flowing(count = this.standing?.open ?? 0): Promise<void> {
    const from = Date.now();
    await until(`${count} streams flow`, () => {
      const { open, lost, age } = this.standing ?? { open: 0, lost: 0, age: Number.POSITIVE_INFINITY };
      return lost > 0 || (open === count && age < Date.now() - from);
    });
  }

  #prepare(real: Host, method: Method): void {
    if (method === "NAT") {
      real.ip("link", "set", "eth0", "down");
      real.ip("route", "add", "default", "via", "198.51.100.1");
    } else {
      real.sysctl("net.ipv4.conf.all.arp_ignore=1");
      real.sysctl("net.ipv4.conf.all.arp_announce=2");
      real.ip("address", "add", `${VIP}/32`, "dev", "lo");
    }
    real.spawn(process.execPath, "-e", ECHO);
  }
}
