/**
 * What a seed means: how many directors, routers and segments, which configuration, and which faults may strike.
 *
 * Faults are picked by swarm: each seed has a few kinds of them and leaves out the others, so that each kind also meets
 * runs in which nothing drowns it.
 */

import { centiseconds, type Duration, microseconds, seconds, ZERO } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { MULTICAST4 } from "../../src/core/vrrp/delivery.ts";
import type { Announcing, VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./faults/all.ts";
import { otherInterval } from "./faults/operator.ts";
import { Random } from "./random.ts";
import type { Blueprint } from "./world.ts";

/** A run, before it runs. */
export interface Plan {
  readonly blueprint: Blueprint;
  /** What the directors' files hold while the faults strike at first; the blueprint has what they hold when healed. */
  readonly skewed: readonly (readonly VirtualRouter[])[];
  readonly unit: Duration;
  readonly faults: readonly Fault[];
  /** Strikes of each kind for each unit of time. */
  readonly rate: number;
  readonly phaseOne: Duration;
}

const PLANNING = 0x5eed * 2 ** 32;

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = new Random(seed + PLANNING);
  const count = random.pick([2, 2, 2, 2, 2, 2, 3, 3, 4, 5]);
  const segments = random.pick([1, 2]);
  const routers = routersOf(random, segments);
  const [first] = routers;
  const unit = first?.advertInterval ?? seconds(1);
  const directors = Array.from({ length: count }, () =>
    routers.map((router) => ({ ...router, priority: priority(random) })),
  );
  for (const [index, router] of routers.entries())
    if (random.chance(0.03)) makeOwner(random, directors, index, router);
  return {
    blueprint: {
      seed,
      directors,
      segments,
      clients: random.integer(1, 2),
      latency: random.duration(50, Math.min(2_000, unit / 20)),
      slowness: random.pick([ZERO, microseconds(200), microseconds(Math.min(5_000, unit / 40))]),
      timerLateness: random.chance(0.3) ? ZERO : microseconds(Math.min(1_000, unit / 20)),
    },
    skewed: random.chance(0.2) ? directors.map((own) => skewed(random, own)) : directors,
    unit,
    faults: someOf(random),
    rate: random.pick([0.05, 0.1, 0.3]),
    phaseOne: random.duration(6 * unit, 20 * unit),
  };
}

function someOf(random: Random): readonly Fault[] {
  const count = random.pick([0, 1, 1, 2, 2, 3, 4, 6]);
  return Array.from({ length: count }, () => random.pick(FAULTS));
}

/** Equal ones and neighbours are as likely as those far apart. */
function priority(random: Random): number {
  return random.chance(0.4) ? random.pick([100, 101, 254, 1]) : random.integer(1, 254);
}

function makeOwner(random: Random, directors: VirtualRouter[][], index: number, router: VirtualRouter): void {
  // One, or, by mistake, several.
  const owners = random.chance(0.7) ? [random.pick(directors)] : directors.slice(random.integer(0, 1));
  for (const own of owners) own[index] = { ...router, priority: 255 };
}

const NAMES = ["web", "mail", "dns"];

function routersOf(random: Random, segments: number): VirtualRouter[] {
  const version = random.chance(0.75) ? 3 : 2;
  const advertInterval =
    version === 2 ? seconds(random.integer(1, 2)) : centiseconds(random.pick([1, 10, 20, 100, 250]));
  const preempt = random.chance(0.7);
  const count = random.pick([1, 1, 1, 2, 3]);
  return NAMES.slice(0, count).map((name, index) => ({
    ...onItsOwn(random, advertInterval),
    name,
    interface: `eth${random.integer(0, segments - 1)}`,
    vrid: 51 + index,
    version,
    family: 4,
    delivery: MULTICAST4,
    priority: 100,
    advertInterval,
    preempt,
    v3ChecksumAsV2: random.chance(0.5),
    addresses: addressesOf(random, index, segments),
    tracks: [],
  }));
}

function onItsOwn(random: Random, interval: Duration) {
  const announcing = announcingOf(random, interval);
  const { delay: announceDelay, repeat: announceRepeat } = announcing;
  const contention = { announceDelay, announceRepeat, answer: true, lastWord: true };
  return { announcing, contention, downTimerAdverts: 3, preemptDelay: ZERO, syncGroup: undefined };
}

function addressesOf(random: Random, router: number, segments: number): VirtualAddress[] {
  return Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, index) => ({
    address: `203.0.113.${10 * router + index + 1}` as Ipv4,
    prefixLength: random.pick([24, 32]),
    interface: `eth${random.integer(0, segments - 1)}`,
  }));
}

function announcingOf(random: Random, interval: Duration): Announcing {
  return {
    delay: microseconds(interval * random.pick([0, 0.3, 1.5, 3])),
    repeat: random.integer(1, 3),
    refresh: random.chance(0.5) ? ZERO : microseconds(interval * 2.5),
    refreshRepeat: random.integer(1, 2),
  };
}

/** The same, but for what operators forget to change on both. */
function skewed(random: Random, routers: readonly VirtualRouter[]): readonly VirtualRouter[] {
  return routers.map((router) => ({
    ...router,
    advertInterval: random.chance(0.5) ? otherInterval(router, random) : router.advertInterval,
    addresses: random.chance(0.3) ? router.addresses.slice(0, 1) : router.addresses,
    v3ChecksumAsV2: random.chance(0.3) ? !router.v3ChecksumAsV2 : router.v3ChecksumAsV2,
  }));
}
