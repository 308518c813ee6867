/** The mishaps and the planned changes that a client lives through, and what is measured in each. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Host, type Lan, run, until } from "../../net/namespace.ts";
import type { Contender, RelevoOptions } from "./contender.ts";
import type { Sight } from "./probe.ts";

/** The stage of one scenario: the networks, the pair, its hosts; of the pair and the hosts, the better one first. */
export interface Scene {
  readonly lan: Lan;
  readonly hosts: readonly [Host, Host];
  readonly pair: Contender;
}

/** A figure of each run. */
export interface Measure {
  readonly name: string;
  readonly unit: "ms" | "probes" | "holders";
  /** From what the client saw, and from what `happen` returned. */
  of(sight: Sight, seen: number): number;
  /** Relevo's may be so much. */
  readonly most: number;
  /** Which of the runs' figures may be so much. */
  readonly judged: "median" | "worst";
}

/** One scenario, played again and again on the same pair. */
export interface Scenario {
  readonly name: string;
  readonly options?: Partial<RelevoOptions>;
  /** Which of the two is master before it. */
  readonly before: 0 | 1;
  /** What happens while the client asks; it resolves when the client may stop. */
  happen(scene: Scene): Promise<number | void>;
  /** Leads back to where it started; the client does not ask. */
  mend(scene: Scene): Promise<void>;
  readonly measures: readonly Measure[];
}

const PATIENCE_S = 30;
/** keepalived, left alone by a dead daemon, does not mend by itself. */
const WATCHED_MS = 6_000;

const lost: Measure = { name: "lost", unit: "probes", of: (sight) => sight.lost, most: 0, judged: "worst" };

function outage(most: number, judged: Measure["judged"] = "worst"): Measure {
  return { name: "outage", unit: "ms", of: ({ silence }) => silence, most, judged };
}

/** Waits until that one, and nobody else, holds the VIP. */
export async function holdsAlone({ hosts }: Scene, index: 0 | 1): Promise<void> {
  await until(
    `${hosts[index].namespace} alone holds the VIP`,
    () => hosts.every((host, at) => host.holdsVip() === (at === index)),
    PATIENCE_S,
  );
}

async function otherHolds({ hosts }: Scene): Promise<void> {
  await until("the other one holds the VIP", () => hosts[1].holdsVip(), PATIENCE_S);
}

function holders({ hosts }: Scene): number {
  return hosts.filter((host) => host.holdsVip()).length;
}

/** Takes the better one's ports out of the switches, or puts them back; the host's end keeps its carrier. */
function cutOff({ lan, hosts: [host] }: Scene, is: boolean): void {
  for (const name of ["eth0", "eth1"] as const) {
    const master = is ? ["nomaster"] : ["master", `br-${name}`];
    run("ip", "-n", lan.switchNamespace, "link", "set", host.port[name], ...master);
  }
}

/** The two directors' public ports do not reach each other; everybody else's reach both. */
function isolate({ lan, hosts }: Scene, is: boolean): void {
  for (const host of hosts) {
    const flag = ["isolated", is ? "on" : "off"];
    run("bridge", "-n", lan.switchNamespace, "link", "set", "dev", host.port.eth0, ...flag);
  }
}

function hostGone(name: string, most: number, options: Partial<RelevoOptions>): Scenario {
  return {
    name: `host gone, ${name}`,
    options,
    before: 0,
    async happen(scene) {
      cutOff(scene, true);
      await otherHolds(scene);
    },
    async mend(scene) {
      cutOff(scene, false);
      await holdsAlone(scene, 0);
    },
    measures: [outage(most)],
  };
}

/** All of them. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "SIGTERM of the master",
    before: 0,
    async happen(scene) {
      await scene.pair.daemons[0].stop();
      await holdsAlone(scene, 1);
    },
    async mend(scene) {
      scene.pair.daemons[0].start();
      await holdsAlone(scene, 0);
    },
    measures: [lost, outage(Number.POSITIVE_INFINITY)],
  },
  {
    name: "a returning director preempts",
    before: 1,
    async happen(scene) {
      scene.pair.daemons[0].start();
      await holdsAlone(scene, 0);
    },
    async mend(scene) {
      await scene.pair.daemons[0].stop();
      await holdsAlone(scene, 1);
    },
    measures: [lost, outage(Number.POSITIVE_INFINITY)],
  },
  {
    name: "carrier lost on the master's public side",
    before: 0,
    async happen(scene) {
      scene.hosts[0].cable("eth0", "down");
      await holdsAlone(scene, 1);
    },
    async mend(scene) {
      scene.hosts[0].cable("eth0", "up");
      await holdsAlone(scene, 0);
    },
    measures: [outage(30, "median")],
  },
  hostGone("heartbeat.interval 100 ms", 5 * 100, { interval: 100 }),
  hostGone("heartbeat.interval 20 ms", 5 * 20, { interval: 20 }),
  // Three adverts and a skew of 156/256 of one, from the last advert on; and 20 ms for a machine that is busy.
  hostGone("takeover: false", 3_609 + 20, { takeover: false }),
  {
    name: "whole daemon SIGKILLed, host alive, heartbeat.interval 20 ms",
    options: { interval: 20 },
    before: 0,
    async happen(scene) {
      await scene.pair.daemons[0].kill();
      const killedAt = performance.now();
      await otherHolds(scene);
      while (holders(scene) > 1 && performance.now() - killedAt < WATCHED_MS) await sleep(10);
      return holders(scene) > 1 ? Number.POSITIVE_INFINITY : performance.now() - killedAt;
    },
    async mend(scene) {
      scene.pair.daemons[0].start();
      await holdsAlone(scene, 0);
    },
    measures: [
      outage(100),
      { name: "until one holder", unit: "ms", of: (_, seen) => seen, most: 4_500, judged: "worst" },
    ],
  },
  {
    name: "public path cut between the directors only",
    before: 0,
    async happen(scene) {
      isolate(scene, true);
      await sleep(WATCHED_MS);
      return holders(scene);
    },
    async mend(scene) {
      isolate(scene, false);
      await holdsAlone(scene, 0);
    },
    measures: [{ name: "holders", unit: "holders", of: (_, seen) => seen, most: 1, judged: "worst" }, lost],
  },
];
