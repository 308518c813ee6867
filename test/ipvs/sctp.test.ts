/**
 * Goal: SCTP associations are balanced: by network address translation in both families, and by direct routing. They go
 * on while their real server takes no new ones.
 * Method: socat at both ends, on the kernel's own SCTP. The client knows the virtual address only; real servers send each
 * line back with their name. The kernels of client and director are asked for the associations that they know.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { isRoot, kernelHasIpvs, runsHereIf } from "./guest.ts";
import { HOSTS, inTurns, Site, TURNS, VIP, VIP6 } from "./site.ts";
import { until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const PORT = 5_060;

function kernelHasSctp(): boolean {
  if (!existsSync("/proc/net/sctp")) spawnSync("modprobe", ["sctp"], { stdio: "ignore", timeout: 10_000 });
  return existsSync("/proc/net/sctp");
}

/** One association of the client's, on which a line that is sent comes back with the real server's name. */
class Association {
  readonly #socat: ReturnType<Site["startOnClient"]>;
  readonly #answers: string[] = [];

  constructor(site: Site, vip: string) {
    const remote = vip.includes(":") ? `SCTP6-CONNECT:[${vip}]` : `SCTP4-CONNECT:${vip}`;
    this.#socat = site.startOnClient("socat", "-", `${remote}:${PORT}`);
    createInterface(this.#socat.stdout).on("line", (line) => this.#answers.push(line));
  }

  /** Sends a line; the real server that has answered it. */
  async say(line: string): Promise<string | undefined> {
    this.#socat.stdin.write(`${line}\n`);
    const back = (): string | undefined => this.#answers.find((answer) => answer.endsWith(`=${line}`));
    await until(`an answer to ${line}`, () => back() !== undefined);
    return back()?.split("=")[0];
  }
}

/** So many associations, opened one after the other, and who has answered on them. */
async function open(
  site: Site,
  vip: string,
  count: number,
): Promise<[Association[], (string | undefined)[]]> {
  const associations: Association[] = [];
  const answers: (string | undefined)[] = [];
  for (let index = 0; index < count; index += 1) {
    const association = new Association(site, vip);
    associations.push(association);
    answers.push(await association.say("hello"));
  }
  return [associations, answers];
}

/** Real servers that listen on one address, or on any. */
async function serve(
  site: Site,
  family: 4 | 6,
  address: string | undefined,
  hosts: readonly number[] = HOSTS,
): Promise<void> {
  const bind = address === undefined ? "" : `,bind=${address}`;
  for (const host of hosts)
    site.startOnReal(
      host,
      "socat",
      `SCTP${family}-LISTEN:${PORT}${bind},fork`,
      `SYSTEM:sed -u s/^/real${host}=/`,
    );
  for (const host of hosts)
    await until(`real server ${host}`, () =>
      site.onReal(host, "cat", "/proc/net/sctp/eps").includes(`${PORT}`),
    );
}

/** The addresses that the client's kernel knows its peers by, those of one association with a space between them. */
function peers(site: Site): readonly string[] {
  const [, ...lines] = site.onClient("cat", "/proc/net/sctp/assocs").trim().split("\n");
  return lines.map((line) => /<-> \*(.*?) *\t/.exec(line)?.[1] ?? line);
}

/** SCTP connections that the director has: state, virtual address, real server. */
function connections(site: Site): readonly string[] {
  const lines = site.run("ipvsadm", "-Lnc").split("\n");
  return lines
    .filter((line) => line.startsWith("SCTP"))
    .map((line) => {
      const [, , state, , virtual, real] = line.trim().split(/\s+/);
      return `${state} ${virtual} ${real}`;
    });
}

function configuration(vip: string, method: string, ...reals: readonly string[]) {
  const service = `{ address: "${vip}", port: ${PORT}, protocol: SCTP, lvs_sched: rr, lvs_method: ${method}, real_servers: [${reals.join(", ")}] }`;
  return configOf(`${instance()}virtual_servers: [${service}]\n`).balancer;
}

/** A site that has SCTP. */
function openSite(t: { teardown(end: () => Promise<void>): void }): Site {
  const site = new Site();
  t.teardown(() => site.close());
  site.loadModule("sctp");
  return site;
}

if (runsHereIf(isRoot() && kernelHasIpvs() && kernelHasSctp(), t, import.meta.url)) {
  t.test("NAT: associations in turns, and they outlive the quiescence of their real server", async (t) => {
    const site = openSite(t);
    const balancer = site.forkBalancer();
    await serve(site, 4, undefined);
    await balancer.configure(configuration(VIP, "NAT", "{ address: 198.51.100.21-22 }"));
    const [associations, names] = await open(site, VIP, 4);
    t.strictSame(inTurns(names), TURNS);
    t.strictSame(peers(site), Array(4).fill(VIP), "the client knows the virtual address only");
    t.strictSame(
      connections(site).toSorted(),
      [21, 21, 22, 22].map((host) => `ESTABLISHED ${VIP}:${PORT} 198.51.100.${host}:${PORT}`),
    );
    t.ok((await site.returned(4)) > 0, "replies come through the director");

    const quiet = "{ address: 198.51.100.21, weight: 0 }";
    await balancer.configure(configuration(VIP, "NAT", quiet, "{ address: 198.51.100.22 }"));
    for (const [index, association] of associations.entries())
      t.equal(await association.say("still there"), names[index], "on the same real server");
    t.strictSame((await open(site, VIP, 2))[1], ["real22", "real22"], "which gets no new ones");
    await balancer.stop();
  });

  t.test("NAT over IPv6", async (t) => {
    const site = openSite(t);
    const balancer = site.forkBalancer();
    for (const host of HOSTS) await serve(site, 6, `[2001:db8:2::${host}]`, [host]);
    await balancer.configure(configuration(VIP6, "NAT", '{ address: "2001:db8:2::21-22" }'));
    const [, names] = await open(site, VIP6, 4);
    t.strictSame(inTurns(names), TURNS);
    t.strictSame(peers(site), Array(4).fill("2001:0db8:0001:0000:0000:0000:0000:0100"));
    t.ok((await site.returned(4)) > 0, "replies come through the director");
    await balancer.stop();
  });

  t.test(
    "direct routing: real servers that listen on the virtual address answer past the director",
    async (t) => {
      const site = openSite(t);
      const balancer = site.forkBalancer();
      site.holdVip("lo");
      await serve(site, 4, VIP);
      await balancer.configure(configuration(VIP, "DR", "{ address: 198.51.100.21-22 }"));
      const [, names] = await open(site, VIP, 4);
      t.strictSame(inTurns(names), TURNS);
      t.strictSame(peers(site), Array(4).fill(VIP), "the client knows the virtual address only");
      t.equal(await site.returned(4), 0, "replies go past the director");
      await balancer.stop();
    },
  );
}
