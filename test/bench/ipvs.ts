/**
 * `npm run bench:ipvs -- [--services N] [--servers N]`
 *
 * Goal: a table of 200 services with 50 real servers each is programmed faster than `ipvsadm -R` and keepalived do it; a
 * reload that changes one real server is one request to the kernel; looking at all of it every ten seconds costs little.
 * Method: each programs the same table in a namespace of its own, in one run; the kernel's own list says when the table is
 * there. Where this kernel has no IPVS all of it runs in the guest, whose times are its own: it is the ratios that count.
 *
 * Relevo is timed twice: from when a balancer that runs is told the configuration, which is what counts, and from the start of
 * its process, as keepalived is. What Node.js takes to start is shown beside it. ipvsadm is a program that starts, reads and
 * ends. The scheduler's module is loaded before all of them; each has its turn so many times, and the median counts.
 *
 * Exit status 0 when Relevo is the fastest, the reload is one request, and a look costs less than 5 % of a processor.
 */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { BalancerConfig, VirtualServer } from "../../src/core/balance/model.ts";
import { isRoot } from "../ipvs/guest.ts";
import { balancerConfig, ip, realServer, virtualServer } from "../core/balance/servers.ts";
import { kill, until, World } from "../ipvs/world.ts";

const LIMIT_S = 590;
/** Seldom enough to be no burden on whoever is at work. */
const POLL_MS = 100;
/** At the head of /proc/net/ip_vs, and the empty one at the end. */
const TITLE_LINES = 4;
/** Looking at the table by turns of a tenth of a second is coarse. */
const TURNS = 5;
const LOOKS = 3;
const LOOK_INTERVAL_S = 10;
const LOOK_SHARE_MAX = 0.05;
/** USER_HZ: what /proc/PID/stat counts in. */
const TICKS_PER_SECOND = 100;

interface Size {
  readonly services: number;
  readonly servers: number;
}

/** All of `size`; real server `changed` has another weight. */
function configuration({ services, servers }: Size, changed?: number): BalancerConfig {
  const virtual = (index: number): VirtualServer => {
    const address = ip(`192.0.${2 + (index >> 8)}.${index & 255}`);
    const reals = Array.from({ length: servers }, (_, host) =>
      realServer(1, {
        address: ip(`10.${index}.0.${host + 1}`),
        method: "dr",
        weight: index * servers + host === changed ? 7 : 1,
      }),
    );
    return virtualServer({ protocol: "tcp", address, port: 80 }, reals);
  };
  return balancerConfig(...Array.from({ length: services }, (_, index) => virtual(index)));
}

/** The same table in ipvsadm's words. */
function ipvsadmRules({ virtualServers }: BalancerConfig): string {
  const lines = virtualServers.flatMap(({ name, realServers }) => {
    const service = name.replace("tcp ", "-t ");
    const reals = realServers.map(({ address, port }) => `-a ${service} -r ${address}:${port} -g -w 1`);
    return [`-A ${service} -s wlc`, ...reals];
  });
  return `${lines.join("\n")}\n`;
}

/** And in keepalived's. */
function keepalivedConfiguration({ virtualServers }: BalancerConfig): string {
  const blocks = virtualServers.map(({ name, realServers }) => {
    const [address, port] = name.replace("tcp ", "").split(":");
    const reals = realServers.map((real) => `  real_server ${real.address} ${real.port} { weight 1 }`);
    return `virtual_server ${address} ${port} {\n  lb_algo wlc\n  lb_kind DR\n  protocol TCP\n${reals.join("\n")}\n}\n`;
  });
  return `global_defs { }\n${blocks.join("")}`;
}

/** Waits until the kernel's table, as a process in its namespace sees it, has all of `size`. */
async function untilWhole(pid: number | undefined, { services, servers }: Size): Promise<void> {
  const lines = (): number =>
    readFileSync(`/proc/${pid}/net/ip_vs`, "latin1").split("\n").length - TITLE_LINES;
  while (lines() < services * (servers + 1)) await sleep(POLL_MS);
}

/** Seconds that an undertaking takes. */
async function timed(undertaking: () => unknown): Promise<number> {
  const before = performance.now();
  await undertaking();
  return (performance.now() - before) / 1_000;
}

/** Processor time that a process has used, in seconds. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The part of a processor that a process takes over some looks. */
async function shareOf(pid: number): Promise<number> {
  const before = processorTime(pid);
  await sleep(LOOKS * LOOK_INTERVAL_S * 1_000);
  return (processorTime(pid) - before) / (LOOKS * LOOK_INTERVAL_S);
}

async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const world = new World();
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

function programWithIpvsadm(rules: string): Promise<number> {
  return inWorld(async (world) => {
    const seconds = await timed(() => {
      const { status, stderr } = spawnSync("ip", ["netns", "exec", world.name, "ipvsadm", "-R"], {
        input: rules,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`ipvsadm -R: ${stderr}`);
    });
    return seconds;
  });
}

function programWithKeepalived(size: Size, text: string): Promise<number> {
  return inWorld(async (world) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-bench-"));
    const file = join(folder, "keepalived.conf");
    writeFileSync(file, text);
    const options = [
      "--dont-fork",
      "--check",
      "--log-console",
      "-f",
      file,
      "-p",
      `${folder}/a`,
      "-c",
      `${folder}/b`,
    ];
    let child: ReturnType<typeof spawn> | undefined;
    try {
      return await timed(async () => {
        child = spawn("ip", ["netns", "exec", world.name, "keepalived", ...options], { stdio: "ignore" });
        await untilWhole(child.pid, size);
      });
    } finally {
      if (child !== undefined) {
        const gone = new Promise((done) => child?.once("exit", done));
        child.kill("SIGTERM");
        await Promise.race([gone, sleep(30_000)]);
      }
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** Seconds from when a balancer that runs is told. */
interface Told {
  readonly whole: number;
  readonly inForce: number;
}

function tellRelevo(size: Size): Promise<Told> {
  return inWorld(async (world) => {
    const wanted = configuration(size);
    const balancer = world.forkBalancer();
    await until("it is there", () => balancer.report !== undefined);
    let configured: Promise<void> | undefined;
    let whole = 0;
    const inForce = await timed(async () => {
      whole = await timed(() => {
        configured = balancer.configure(wanted);
        return untilWhole(balancer.child.pid, size);
      });
      await configured;
    });
    return { whole, inForce };
  });
}

/** What a table that is there costs. */
interface Upkeep {
  readonly reload: number;
  readonly requests: number;
  readonly lookShare: number;
}

function keepUp(size: Size): Promise<Upkeep> {
  return inWorld(async (world) => {
    const [wanted, changed] = [configuration(size), configuration(size, 17)];
    const balancer = world.forkBalancer();
    await until("it is there", () => balancer.report !== undefined);
    const pid = balancer.child.pid ?? 0;
    const idleShare = await shareOf(pid);
    await balancer.configure(wanted);
    await until("a report", () => balancer.count("ipvs_changes") >= size.services * (size.servers + 1));
    const before = balancer.count("ipvs_changes");
    const reload = await timed(() => balancer.configure(changed));
    await until("a report", () => balancer.count("ipvs_changes") > before);
    const requests = balancer.count("ipvs_changes") - before;
    const lookShare = (await shareOf(pid)) - idleShare;
    await kill(balancer.child);
    return { reload, requests, lookShare };
  });
}

/** Told at once, as the supervisor does it. */
function startRelevo(size: Size): Promise<number> {
  return inWorld(async (world) => {
    let configured: Promise<void> | undefined;
    const seconds = await timed(async () => {
      const balancer = world.forkBalancer();
      configured = balancer.configure(configuration(size));
      await untilWhole(balancer.child.pid, size);
    });
    await configured;
    return seconds;
  });
}

/** A Node.js that does nothing. */
function startNode(): Promise<number> {
  return inWorld((world) => timed(() => world.run(process.execPath, "--eval", "0")));
}

/** Whoever comes first would wait for it. */
function loadScheduler(): Promise<void> {
  return inWorld(async (world) => {
    world.run("ipvsadm", "-A", "-t", "192.0.2.1:80", "-s", "wlc");
  });
}

/** The median of some turns. */
async function inTurns(take: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  while (taken.length < TURNS) taken.push(await take());
  return median(taken);
}

function median(figures: readonly number[]): number {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

async function main(size: Size): Promise<boolean> {
  console.log(`${size.services} services with ${size.servers} real servers each; medians of ${TURNS}`);
  const [rules, text] = [ipvsadmRules(configuration(size)), keepalivedConfiguration(configuration(size))];
  await loadScheduler();
  const told: Told[] = [];
  while (told.length < TURNS) told.push(await tellRelevo(size));
  const relevo = median(told.map(({ whole }) => whole));
  const show = (what: string, seconds: number): void =>
    console.log(`${what.padEnd(58)} ${seconds.toFixed(2)} s  ${(seconds / relevo).toFixed(2)}`);
  show("relevo, from being told", relevo);
  show("relevo, from being told until it has looked again", median(told.map(({ inForce }) => inForce)));
  show("relevo, with the start of its process", await inTurns(() => startRelevo(size)));
  show("node, to start and end", await inTurns(startNode));
  const ipvsadm = await inTurns(() => programWithIpvsadm(rules));
  show("ipvsadm -R", ipvsadm);
  const keepalived = await inTurns(() => programWithKeepalived(size, text));
  show("keepalived, with the start of its process", keepalived);
  const { reload, requests, lookShare } = await keepUp(size);
  console.log(`a reload that changes one real server: ${reload.toFixed(2)} s, ${requests} change`);
  console.log(
    `all of it looked at every 10 s, beside what an idle balancer takes: ${(lookShare * 100).toFixed(1)} % of a processor`,
  );
  return relevo < Math.min(ipvsadm, keepalived) && requests === 1 && lookShare < LOOK_SHARE_MAX;
}

/**
 * The number of a processor that we may use. The guest has one, and each system call in it goes from one thread of the host's
 * to another and back: when those are not on the same processor all of it takes up to three times as long.
 */
function lastProcessor(): string {
  const status = readFileSync("/proc/self/status", "latin1");
  return /^Cpus_allowed_list:.*?([0-9]+)$/m.exec(status)?.[1] ?? "0";
}

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "200" },
    servers: { type: "string", default: "50" },
  },
});

if (
  process.env.RELEVO_GUEST === undefined &&
  !(isRoot() && spawnSync("test", ["-e", "/proc/net/ip_vs"]).status === 0)
) {
  const command = [
    process.execPath,
    "--enable-source-maps",
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ];
  const guest = [resolve("scripts/guest"), "--limit", `${LIMIT_S}`, "--", ...command];
  const { status } = spawnSync("taskset", ["--cpu-list", lastProcessor(), ...guest], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  const good = await main({ services: Number(values.services), servers: Number(values.servers) });
  process.exitCode = good ? 0 : 1;
}
