/**
 * One holder. Two kernels hold a VIP at the same instant only within VRRP's own overlap, or while something keeps one of
 * them from hearing the other.
 *
 * The exact bound. A director that claims sends its advert before it asks its kernel for the address, so the other one
 * has heard it after `latency`. Either it gives way, and has taken its addresses off within `reaction`; or it is the
 * stronger one and answers at once, and the newcomer has heard that after another `latency`. So twice the latency and one
 * reaction is what an undisturbed overlap may last, and 10 ms more among three or more, for the stronger one may just have
 * answered another. With lower_prio_no_advert nobody answers a lesser one, and an owner does not that listens to owners
 * alone, nor need one that meets another: who claims because it has not heard the master yet, or does not know its
 * interval, holds until the next advert; but never who claims because heartbeats are silent. When a frame between the two
 * was lost, late or altered, the next advert of the winner comes one interval later at the most: the overlap may last so
 * much longer from the last disturbance on. It may last for as long as one of them is stopped in its tracks, or as the path
 * between them is cut; and for one interval after that, for the same reason.
 *
 * With the pair's own link both hold in a handover for 50 ms at the most; if that fails, VRRP has to mend it, which may take
 * an interval. And no cut of VRRP is an excuse while the link is whole: who hears its master there does not take over, and of
 * two masters that hear each other there the lesser one gives way.
 *
 * A dead process' address is gone when its lease is over: no excuse lasts longer than that.
 *
 * Somebody else who gives an address to a director over and over has it taken away at once, and after that once a second;
 * one that is in no instance there is not ours to take, and neither is one that an owner had before it started.
 */

import { after, between, type Duration, type Instant } from "../../../src/core/units/time.ts";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { TransitionCause } from "../../../src/core/vrrp/state.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import type { World } from "../world.ts";

const HANDOVER = 50_000;
/** A master that has answered a lesser one answers another so much later at the latest. */
const ANSWERS_APART = 10_000;

export const oneHolder: Rule = {
  name: "one-holder",
  watch(world, complain) {
    const holders = new Map<IpAddress, Map<Machine, Instant>>();
    const contested = new Set<IpAddress>();
    /** Where somebody else put an address, and whether nobody was there to take it away. */
    const given = new Map<IpAddress, Map<Machine, { readonly toNobody: boolean }>>();
    /** Why each of them last became master. */
    const causes: Causes = new Map();
    return {
      stepped(machine, { effects, working }) {
        const told = effects.find((effect) => effect.type === "publish");
        if (told?.type === "publish" && told.to === "master")
          causes.set(causeKey(machine, working.router), told.cause);
      },
      address(machine, { address }, present, by) {
        let gifts = given.get(address);
        if (gifts === undefined) given.set(address, (gifts = new Map()));
        if (present && by === "stranger") gifts.set(machine, { toNobody: machine.brain === undefined });
        else gifts.delete(machine);
        let holding = holders.get(address);
        if (holding === undefined) holders.set(address, (holding = new Map()));
        if (present) holding.set(machine, world.now);
        else holding.delete(machine);
        if (holding.size > 1) contested.add(address);
        else contested.delete(address);
      },
      check() {
        for (const address of contested) {
          const holding = [...(holders.get(address) ?? [])];
          for (const [index, [one, since]] of holding.entries()) {
            for (const [other, otherSince] of holding.slice(index + 1)) {
              const gifts = given.get(address);
              if ([one, other].some((machine) => isTolerated(world, machine, address, gifts?.get(machine))))
                continue;
              // What was there already is held from the claim on.
              const claims = [one, other].filter((machine) => gifts?.has(machine));
              const claimedAt = claims.map((machine) => world.claimedAt(machine, { address }));
              const start = Math.max(since, otherSince, ...claimedAt) as Instant;
              const over = between(allowedUntil(world, causes, address, one, other, start), world.now);
              if (over > 0)
                complain(
                  `${one.name} and ${other.name} hold ${address} since ${start} us, ${over} us too long`,
                );
            }
          }
        }
      },
    };
  },
};

/**
 * What was given to it is no address of its, or has been taken away from it a moment ago; or nobody is there to take it away;
 * or it is an owner, who leaves alone what was there before it.
 */
function isTolerated(
  world: World,
  machine: Machine,
  address: IpAddress,
  gift: { readonly toNobody: boolean } | undefined,
): boolean {
  if (gift === undefined) return false;
  const router = world.routerOf(machine, address);
  if (router === undefined) return true;
  const hasClaimed = world.claimedAt(machine, { address }) > world.yieldedAt(machine, router.name);
  const isLeftThere = machine.brain === undefined || (router.priority === 255 && !hasClaimed);
  if (gift.toNobody && isLeftThere) return true;
  return world.now <= world.leftAloneUntil(machine, address);
}

type Causes = Map<string, TransitionCause>;

function causeKey(machine: Machine, { name }: VirtualRouter): string {
  return `${machine.name} ${name}`;
}

function allowedUntil(
  world: World,
  causes: Causes,
  address: IpAddress,
  one: Machine,
  other: Machine,
  start: Instant,
): Instant {
  const [ours, theirs] = [world.routerOf(one, address), world.routerOf(other, address)];
  if (ours === undefined || theirs === undefined) {
    // Not in the file of one of them any more: it goes as soon as the file has been read.
    const read = Math.max(start, world.troubled(one), world.troubled(other)) as Instant;
    return after(read, (3 * world.reaction) as Duration);
  }
  for (const { diedAt, lease } of [one, other])
    if (diedAt !== undefined && lease > 0 && world.now > after(diedAt, lease)) return after(diedAt, lease);
  const byLink = linkMends(world, one, other, start);
  const byVrrp = vrrpMends(world, causes, [one, ours], [other, theirs], start);
  return byLink === undefined || byVrrp < byLink ? byVrrp : byLink;
}

/** When two that hear each other by the link have agreed; undefined when they need not hear each other there. */
function linkMends(world: World, one: Machine, other: Machine, start: Instant): Instant | undefined {
  let calmSince = start as number;
  let settled = 2 * HANDOVER + 4 * world.blueprint.latency;
  for (const machine of [one, other]) {
    const hearsay = world.hearsay(machine);
    const { config, heardSince } = hearsay;
    if (config === undefined || heardSince === undefined || !hearsay.isHeard(world.now)) return undefined;
    const disturbed = config.paths.map(({ local }) => world.pathInterfered(local));
    calmSince = Math.max(calmSince, heardSince, Math.min(...disturbed), world.troubled(machine));
    settled += (config.deadAfter + 2) * config.interval;
  }
  const overlap = HANDOVER + 2 * world.blueprint.latency + 2 * world.reaction;
  return after(calmSince as Instant, (settled + overlap) as Duration);
}

type Holder = readonly [Machine, VirtualRouter];

function vrrpMends(
  world: World,
  causes: Causes,
  [one, ours]: Holder,
  [other, theirs]: Holder,
  start: Instant,
): Instant {
  if (areDeaf(ours, theirs) || isCut(ours, one, other)) return world.now;
  const interval = Math.max(ours.advertInterval, theirs.advertInterval);
  const handover = Math.max(world.handedOverAt(one), world.handedOverAt(other));
  const isHandover = handover > start - HANDOVER - world.reaction;
  // It may just have answered a third one.
  const pause = world.machines.length > 2 ? ANSWERS_APART : 0;
  const overlap = 2 * world.blueprint.latency + world.reaction + pause + (isHandover ? HANDOVER : 0);
  const excuse = Math.max(
    isHandover ? Math.max(...[one, other].map((machine) => linkInterfered(world, machine))) : 0,
    world.interfered(one, other),
    world.interfered(other, one),
    world.troubled(one),
    world.troubled(other),
  ) as Instant;
  // Two owners settle which of them is one by their adverts.
  const areOwners = ours.priority === 255 && theirs.priority === 255;
  const isAnswered =
    !areOwners &&
    [ours, theirs].every(
      ({ priority, ownerHeeds, contention }) =>
        contention.answer && (priority !== 255 || ownerHeeds === undefined),
    );
  const isByLink = [causeKey(one, ours), causeKey(other, theirs)].some(
    (key) => causes.get(key) === "peer-silent",
  );
  if ((isAnswered || isByLink) && excuse < start - interval - overlap)
    return after(start, overlap as Duration);
  return after(Math.max(start, excuse) as Instant, (interval + overlap) as Duration);
}

function linkInterfered(world: World, machine: Machine): number {
  const { config } = world.hearsay(machine);
  return Math.max(0, ...(config?.paths ?? []).map(({ local }) => world.pathInterfered(local)));
}

/** They will never heed each other: a configuration that VRRP cannot mend (RFC 3768 §7.1). */
function areDeaf(ours: VirtualRouter, theirs: VirtualRouter): boolean {
  return ours.version === 2 && ours.advertInterval !== theirs.advertInterval;
}

function isCut(router: VirtualRouter, one: Machine, other: Machine): boolean {
  const [from, to] = [one.nics.get(router.interface), other.nics.get(router.interface)];
  if (from === undefined || to === undefined) return true;
  return !from.segment.reaches(from.port, to.port) || !from.segment.reaches(to.port, from.port);
}
