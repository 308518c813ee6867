/**
 * Goal: a drain waits for connections that came with a takeover: nobody is taken for done of whom this director knows
 * nothing, and who is held goes on being counted.
 * Method: another director, made with ipvsadm alone, whose streams the kernel's sync daemons tell this one of; the
 * balancer process on this one. `ipvsadm -Lnc` is the witness of what the kernel has.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { type BalancerProcess, kill, until, World } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const VIP = "192.0.2.100";
const ECHO = `
  const [address] = process.argv.slice(1);
  require("node:net").createServer((stream) => {
    stream.on("data", (text) => stream.write(text));
    stream.on("error", () => {});
  }).listen(80, address);
`;
const STREAMS = `
  for (let count = 0; count < 6; count += 1) {
    const stream = require("node:net").connect(80, "${VIP}");
    stream.on("error", () => {});
    setInterval(() => stream.write("well"), 300);
  }
`;

/** The director that has had the address so far, and this one. */
class Pair {
  readonly other = new World();
  readonly here = new World();
  readonly #children: ChildProcess[] = [];

  constructor() {
    const { other, here } = this;
    here.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", other.name);
    for (const [world, address] of [
      [here, "10.0.0.1/24"],
      [other, "10.0.0.2/24"],
    ] as const) {
      world.run("ip", "addr", "add", address, "dev", "eth1");
      world.run("ip", "link", "set", "eth1", "up");
    }
    other.run("ip", "addr", "add", `${VIP}/32`, "dev", "lo");
    other.run("sysctl", "-qw", "net.ipv4.vs.sync_threshold=3 0", "net.ipv4.vs.sync_refresh_period=2");
    other.run("ipvsadm", "-A", "-t", `${VIP}:80`, "-s", "rr");
    for (const host of [21, 22]) {
      other.run("ip", "addr", "add", `198.51.100.${host}/32`, "dev", "lo");
      other.run("ipvsadm", "-a", "-t", `${VIP}:80`, "-r", `198.51.100.${host}:80`, "-m");
      this.#start(ECHO, `198.51.100.${host}`);
    }
    this.tell();
  }

  /** The other director tells of its connections. */
  tell(): void {
    this.other.run("ipvsadm", "--start-daemon", "master", "--mcast-interface", "eth1", "--syncid", "1");
  }

  /** It tells of nothing any more, as if it had died. */
  fallSilent(): void {
    this.other.run("ipvsadm", "--stop-daemon", "master");
  }

  /** Six streams, three to each real server, once this director has heard of them. */
  async startStreams(): Promise<ChildProcess> {
    const { other, here } = this;
    await until("the real servers", () => other.run("ss", "-Htln").split(":80 ").length > 2);
    const streams = this.#start(STREAMS);
    await until("this director knows", () => knownTo(here, 21) === 3 && knownTo(here, 22) === 3);
    return streams;
  }

  async close(): Promise<void> {
    for (const child of this.#children) await kill(child);
    await this.here.close();
    await this.other.close();
  }

  #start(program: string, ...rest: readonly string[]): ChildProcess {
    const command = ["netns", "exec", this.other.name, process.execPath, "-e", program, ...rest];
    const child = spawn("ip", command, { stdio: "ignore" });
    this.#children.push(child);
    return child;
  }
}

/** Established connections to a real server that a director's kernel has. */
function knownTo(world: World, host: number): number {
  const lines = world.run("ipvsadm", "-Lnc").split("\n");
  return lines.filter((line) => line.includes("ESTABLISHED") && line.includes(`198.51.100.${host}:80`))
    .length;
}

function configuration(globals = "") {
  const server = `{ address: ${VIP}, port: 80, lvs_sched: rr, real_servers: [{ address: 198.51.100.21-22 }] }`;
  const daemon = "lvs_sync_daemon: { interface: eth1, id: 1 }";
  return configOf(`global_defs: { ${daemon} ${globals} }\n${instance()}virtual_servers: [${server}]\n`)
    .balancer;
}

function told(balancer: BalancerProcess): string[] {
  return balancer.events.map(({ name }) => name).filter((name) => name.startsWith("drain-"));
}

if (hasIpvs(t, import.meta.url)) {
  t.test(
    "with lvs_active_only nothing is done before the service is here, and then they count",
    async (t) => {
      const pair = new Pair();
      t.teardown(() => pair.close());
      const balancer = pair.here.forkBalancer();
      balancer.follow([], []);
      balancer.maintain("198.51.100.21:80");
      await balancer.configure(configuration(", lvs_active_only: true"));
      const streams = await pair.startStreams();
      await delay(5_000);
      t.strictSame(told(balancer), ["drain-started"], "nobody knows how many there are");
      t.match(balancer.report?.drains, [{ state: "draining", left: undefined }]);

      pair.fallSilent();
      balancer.follow([VIP], []);
      await until("they are counted", () => balancer.report?.drains[0]?.left === 3);
      await delay(5_000);
      t.strictSame(told(balancer), ["drain-started"]);
      t.match(pair.here.table().join("\n"), /-r 198\.51\.100\.21:80 -m -w 0/);

      pair.tell();
      await kill(streams);
      await balancer.heard("drain-done");
      t.equal(knownTo(pair.here, 21), 0);
      await balancer.stop();
    },
  );

  t.test("who is held goes on being counted, and is drained again", async (t) => {
    const pair = new Pair();
    t.teardown(() => pair.close());
    const balancer = pair.here.forkBalancer();
    balancer.maintain("198.51.100.21:80");
    await balancer.configure(configuration());
    await balancer.heard("drain-done");
    const streams = await pair.startStreams();
    t.match((await balancer.heard("drain-resumed")).fields, {
      virtual: `tcp ${VIP}:80`,
      real: "198.51.100.21:80",
      source: "maintenance",
      end: "hold",
      left: /^[123]$/,
    });
    await until("they are counted", () => balancer.report?.drains[0]?.left === 3);
    t.match(balancer.report?.drains, [{ state: "draining" }]);
    await kill(streams);
    await until("it is done again", () => told(balancer).length === 4);
    t.strictSame(told(balancer), ["drain-started", "drain-done", "drain-resumed", "drain-done"]);
    await balancer.stop();
  });
}
