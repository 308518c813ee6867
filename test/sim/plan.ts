/**
 * What a seed means: how many directors, routers and segments, which configuration, and which faults may strike.
 *
 * Faults are picked by swarm: each seed has a few kinds of them and leaves out the others, so that each kind also meets
 * runs in which nothing drowns it. The features of the configuration are, too.
 */

import type { LinkDelay } from "../../src/core/track/link-delay.ts";
import type { Tracked } from "../../src/core/track/model.ts";
import type { Family, IpAddress } from "../../src/core/units/ip-address.ts";
import { centiseconds, type Duration, microseconds, seconds, ZERO } from "../../src/core/units/time.ts";
import { type Delivery, MULTICAST4, MULTICAST6 } from "../../src/core/vrrp/delivery.ts";
import {
  type Announcing,
  type Authentication,
  type Contention,
  type FailoverConfig,
  IDLE,
  type VirtualAddress,
  type VirtualRouter,
  type VrrpVersion,
} from "../../src/core/vrrp/model.ts";
import type { Fault } from "./fault.ts";
import { FAULTS, LINK_FAULTS } from "./faults/all.ts";
import { linksOf } from "./links.ts";
import { GROUP, inAgreement, otherInterval } from "./faults/operator.ts";
import { Random } from "./random.ts";
import { type Blueprint, ownAddress } from "./world.ts";

/** A run, before it runs. */
export interface Plan {
  readonly blueprint: Blueprint;
  /** What the directors' files hold while the faults strike at first; the blueprint has what they hold when healed. */
  readonly skewed: readonly FailoverConfig[];
  readonly unit: Duration;
  readonly faults: readonly Fault[];
  /** Strikes of each kind for each unit of time. */
  readonly rate: number;
  readonly phaseOne: Duration;
}

const PLANNING = 0x5eed * 2 ** 32;
const LINKING = 0x11ab * 2 ** 32;
const ANSWERING = 0x0dea * 2 ** 32;

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = new Random(seed + PLANNING);
  const count = random.pick([2, 2, 2, 2, 2, 2, 3, 3, 4, 5]);
  const segments = random.pick([1, 2]);
  const routers = routersOf(random, segments, count);
  const [first] = routers;
  const unit = first?.advertInterval ?? seconds(1);
  const own = Array.from({ length: count }, (_, director) =>
    routers.map((router) => ({ ...personal(router, director, random), priority: priority(random) })),
  );
  for (const [index, router] of routers.entries())
    if (router.syncGroup === undefined && random.chance(0.03)) makeOwner(random, own, index, router);
  const shared = sharedOf(random, unit, segments);
  // Chance of its own: what a seed means without the link stays.
  const linking = new Random(seed + LINKING);
  const links = count === 2 && linking.chance(0.5) ? linksOf(linking, unit, segments) : undefined;
  const isStrict = answering(new Random(seed + ANSWERING), own, links !== undefined);
  const directors = own.map((list, director) => ({
    ...shared,
    routers: inAgreement(list).map((one) => (isStrict ? { ...one, ownerHeeds: "owners" as const } : one)),
    heartbeat: links?.[director],
  }));
  return {
    blueprint: {
      seed,
      directors,
      segments,
      clients: random.integer(1, 2),
      latency: random.duration(50, Math.min(2_000, unit / 20)),
      slowness: random.pick([ZERO, microseconds(200), microseconds(Math.min(5_000, unit / 40))]),
      timerLateness: random.chance(0.3) ? ZERO : microseconds(Math.min(1_000, unit / 20)),
      recording: links !== undefined,
      lease: links !== undefined && linking.chance(0.5) ? seconds(linking.integer(1, 3)) : undefined,
    },
    skewed: random.chance(0.2) ? directors.map((config) => skewed(random, config)) : directors,
    unit,
    faults: [...someOf(random, FAULTS), ...(links === undefined ? [] : someOf(linking, LINK_FAULTS))],
    rate: random.pick([0.05, 0.1, 0.3]),
    phaseOne: random.duration(6 * unit, 20 * unit),
  };
}

function someOf(random: Random, faults: readonly Fault[]): readonly Fault[] {
  const count = random.pick([0, 1, 1, 2, 2, 3, 4, 6]);
  return Array.from({ length: count }, () => random.pick(faults));
}

/** Equal ones and neighbours are as likely as those far apart. */
function priority(random: Random): number {
  return random.chance(0.4) ? random.pick([100, 101, 254, 1]) : random.integer(1, 254);
}

function makeOwner(random: Random, directors: VirtualRouter[][], index: number, router: VirtualRouter): void {
  // One, or, by mistake, several.
  const owners = random.chance(0.7) ? [random.pick(directors)] : directors.slice(random.integer(0, 1));
  for (const own of owners) own[index] = { ...(own[index] ?? router), priority: 255 };
}

/**
 * Who answers whom; chance of its own, too. True where owners discard the adverts of all others but owners. With a link there
 * are more owners, and more masters that answer nobody: what is lost there must move none of them.
 */
function answering(random: Random, directors: VirtualRouter[][], isLinked: boolean): boolean {
  const isStrict = random.chance(0.5);
  if (!isLinked) return isStrict;
  const [isOwned, isMute] = [random.chance(0.1), random.chance(0.1)];
  const owner = random.pick(directors);
  for (const list of directors)
    for (const [index, router] of list.entries()) {
      const priority = isOwned && list === owner && router.syncGroup === undefined ? 255 : router.priority;
      const contention = isMute ? { ...router.contention, answer: false } : router.contention;
      list[index] = { ...router, priority, contention };
    }
  return isStrict;
}

/** What a file says besides its instances. */
function sharedOf(random: Random, unit: Duration, segments: number): Omit<FailoverConfig, "routers"> {
  const linkDelays: Record<string, LinkDelay> = {};
  const some = () => microseconds(unit * random.pick([0, 0.3, 2]));
  if (random.chance(0.15)) linkDelays[`eth${random.integer(0, segments - 1)}`] = { down: some(), up: some() };
  const startupDelay = random.chance(0.15) ? microseconds(unit * random.pick([0.5, 4])) : ZERO;
  const pace = microseconds(random.chance(0.15) ? Math.min(1_000, unit / 100) : 0);
  return { ...IDLE, startupDelay, linkDelays, announcementPace: { 4: pace, 6: pace } };
}

const NAMES = ["web", "mail", "dns"];

function routersOf(random: Random, segments: number, directors: number): VirtualRouter[] {
  const version = random.chance(0.75) ? 3 : 2;
  const advertInterval =
    version === 2 ? seconds(random.integer(1, 2)) : centiseconds(random.pick([1, 10, 20, 100, 250]));
  const preempt = random.chance(0.7);
  const preemptDelay = random.chance(0.2) ? microseconds(advertInterval * random.pick([0.5, 2, 7])) : ZERO;
  const downTimerAdverts = random.pick([3, 3, 3, 2, 5]);
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  const isGroup = random.chance(0.6);
  return NAMES.slice(0, count).map((name, index) => {
    const interfaceName = `eth${random.integer(0, segments - 1)}`;
    const family = version === 3 && random.chance(0.3) ? 6 : 4;
    // Of three, the last stays on its own.
    const syncGroup = isGroup && count > 1 && index < 2 ? GROUP : undefined;
    return {
      ...onItsOwn(random, advertInterval),
      name,
      interface: interfaceName,
      vrid: 51 + index,
      version,
      family,
      delivery: deliveryOf(random, family, interfaceName, directors),
      ...authenticationOf(random, version),
      priority: 100,
      advertInterval,
      downTimerAdverts,
      preempt,
      preemptDelay,
      v3ChecksumAsV2: random.chance(0.5),
      addresses: addressesOf(random, family, index, segments),
      accept: true,
      routing: [],
      syncGroup,
      tracks: random.chance(0.3) ? tracksOf(random, name, syncGroup !== undefined) : [],
    };
  });
}

function onItsOwn(
  random: Random,
  interval: Duration,
): { readonly announcing: Announcing; readonly contention: Contention } {
  const announcing = announcingOf(random, interval);
  const { delay: announceDelay, repeat: announceRepeat } = announcing;
  const answer = !random.chance(0.1);
  const lastWord = !random.chance(0.1);
  return { announcing, contention: { announceDelay, announceRepeat, answer, lastWord } };
}

/** One director's: unicast_src_ip, at times. */
function personal(router: VirtualRouter, director: number, random: Random): VirtualRouter {
  const { delivery, interface: name, family } = router;
  if (delivery.type !== "unicast" || random.chance(0.5)) return router;
  const source = ownAddress(director, Number(name.slice(3)), family);
  return { ...router, delivery: { ...delivery, source } };
}

function deliveryOf(random: Random, family: Family, interfaceName: string, directors: number): Delivery {
  if (random.chance(0.75)) return family === 4 ? MULTICAST4 : MULTICAST6;
  const segment = Number(interfaceName.slice(3));
  const [ttl, minTtl] = random.pick([
    [255, 255],
    [64, 1],
  ] as const);
  const peers = Array.from({ length: directors }, (_, director) => ({
    address: ownAddress(director, segment, family),
    minTtl,
    maxTtl: 255,
  }));
  return { type: "unicast", peers, source: undefined, ttl, checkSource: random.chance(0.8) };
}

function authenticationOf(
  random: Random,
  version: VrrpVersion,
): { readonly authentication?: Authentication } {
  if (version === 3 || random.chance(0.7)) return {};
  const key = new TextEncoder().encode("secret");
  return { authentication: { type: random.pick(["pass", "ah"]), key } };
}

function addressesOf(random: Random, family: Family, router: number, segments: number): VirtualAddress[] {
  const count = random.pick([1, 1, 2, 3]);
  const hasExcluded = count > 1 && random.chance(0.3);
  return Array.from({ length: count }, (_, index) => {
    const number = 10 * router + index + 1;
    const address =
      family === 4 ? `203.0.113.${number}` : index === 0 ? `fe80::f:${number}` : `2001:db8::${number}`;
    return {
      address: address as IpAddress,
      prefixLength: family === 4 ? random.pick([24, 32]) : random.pick([64, 128]),
      interface: `eth${random.integer(0, segments - 1)}`,
      ...(hasExcluded && index === count - 1 ? { excluded: true as const } : {}),
    };
  });
}

/** A member of a sync group may have no weights of its own: they would give the members different opinions. */
function tracksOf(random: Random, name: string, inGroup: boolean): Tracked[] {
  const weight = () => (inGroup || random.chance(0.3) ? 0 : random.pick([-60, -2, 2, 60, 200]));
  const all: Tracked[] = [
    { kind: "script", object: `${name} script`, weight: weight(), reverse: random.chance(0.2) },
    { kind: "file", object: `${name} file`, weight: weight(), reverse: random.chance(0.2) },
  ];
  return all.slice(random.integer(0, 1), random.integer(1, 2));
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
function skewed(random: Random, config: FailoverConfig): FailoverConfig {
  const routers = config.routers.map((router) => ({
    ...router,
    advertInterval: random.chance(0.5) ? otherInterval(router, random) : router.advertInterval,
    addresses: random.chance(0.3) ? router.addresses.slice(0, 1) : router.addresses,
    v3ChecksumAsV2: random.chance(0.3) ? !router.v3ChecksumAsV2 : router.v3ChecksumAsV2,
    downTimerAdverts: random.chance(0.2) ? random.integer(2, 5) : router.downTimerAdverts,
    syncGroup: random.chance(0.2) ? undefined : router.syncGroup,
    preempt: random.chance(0.1) ? !router.preempt : router.preempt,
  }));
  return { ...config, routers: inAgreement(routers) };
}
