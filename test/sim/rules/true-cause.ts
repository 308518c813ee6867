/**
 * No transition without a cause, and the cause is true: each change of state is published once, from the state that was
 * published before, and names a reason that the simulator knows to be so.
 */

import { compareIp, type IpAddress } from "../../../src/core/units/ip-address.ts";
import { between, type Duration, type Instant, START } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Effect, Event } from "../../../src/core/vrrp/event.ts";
import type { State } from "../../../src/core/vrrp/state.ts";
import type { Stepped, Working } from "../brain.ts";
import { effective, isUnfit } from "../fitness.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import type { World } from "../world.ts";

/** A question is open for so long. */
const HANDOVER = 50_000;

export const trueCause: Rule = {
  name: "true-cause",
  watch(world, complain) {
    const killedAt = new Map<Machine, Instant>();
    const told = new Map<Machine, Map<string, State["name"]>>();
    return {
      stepped(machine, step) {
        const { working, before, effects } = step;
        const name = `${machine.name} ${working.router.name}`;
        const published = effects.filter((effect) => effect.type === "publish");
        const [first] = published;
        const changed = before.name !== working.state.name;
        if (published.length !== (changed ? 1 : 0))
          complain(`${name} ${before.name} -> ${working.state.name} is told ${published.length} times`);
        if (
          first !== undefined &&
          !isTrue(first, machine, step, between(killedAt.get(machine) ?? START, world.now), world)
        )
          complain(`${name} ${first.from} -> ${first.to}: ${first.cause} is not so`);
      },
      published(machine, router, { from, to }) {
        let own = told.get(machine);
        if (own === undefined) told.set(machine, (own = new Map()));
        const last = own.get(router.name) ?? "init";
        if (from !== last) complain(`${machine.name} ${router.name} was told ${last}, now ${from} -> ${to}`);
        own.set(router.name, to);
      },
      life(machine, what) {
        if (what === "killed") killedAt.set(machine, world.now);
        if (what === "killed" || what === "power lost" || what === "stopped") told.delete(machine);
      },
    };
  },
};

function isTrue(
  { cause, detail }: Effect & { type: "publish" },
  machine: Machine,
  step: Stepped,
  sinceKilled: Duration,
  world: World,
): boolean {
  const { now } = world;
  const { event, before, working } = step;
  // As it stood when it happened.
  const router = effective({ router: working.router, adjustment: working.adjustment, state: before });
  switch (cause) {
    case "startup":
      if (router.priority === 255) return false;
      // Or at the end of vrrp_startup_delay.
      if (before.name === "init" && before.pending !== undefined)
        return event.type === "deadline" && now >= before.pending.startAt;
      return (
        event.type === "startup" && event.faults.length === 0 && !event.resume && (event.delay ?? 0) === 0
      );
    case "resumed":
      // No backup can have lost patience: it waits for `down_timer_adverts` intervals, the last advert is one old at the most;
      // and so it is with the other director's `dead_after`.
      return (
        sinceKilled <=
          Math.min((router.downTimerAdverts - 1) * router.advertInterval, linkWaits(world, machine)) &&
        router.addresses.every((own) => machine.kernel.holds(own))
      );
    case "owner":
      return router.priority === 255;
    case "master-down":
    case "master-resigned":
    case "preempted-lower-priority":
      return event.type === "deadline" && before.name === "backup";
    case "higher-priority":
      if (event.type === "peer") return isBoth(step) && (working.peer?.priority ?? 0) > router.priority;
      return event.type === "advert" && event.advert.priority > router.priority;
    case "equal-priority-higher-address":
      if (event.type === "peer") return isBoth(step) && isTieLostTo(step, router, machine);
      return event.type === "advert" && isTieLost(event, router, machine);
    case "duplicate-owner":
      return event.type === "advert" && event.advert.priority === 255 && working.router.priority === 255;
    case "fault":
      return event.type === "address-refused" || somethingIsDown(working, machine);
    case "fault-cleared":
      return !somethingIsDown(working, machine) && router.priority !== 255;
    case "peer-let-go":
      return hasLetGo(step, router);
    case "peer-silent":
      return isSilent(step, machine, world);
    case "handover":
      return isAgreed(step, machine, world);
    case "sync-group":
      return isLed(detail, machine, step);
    case "reconfigured":
      return event.type === "reconfigured";
    case "shutdown":
      return event.type === "shutdown";
  }
}

/** As docs/protocol/heartbeat.md has it; for ever where the other director does not take over by the link's word. */
function linkWaits(world: World, machine: Machine): number {
  const { interval = 0, deadAfter = 0, takeover = false } = world.files.get(machine)?.heartbeat ?? {};
  return takeover ? (deadAfter - 1) * interval : Infinity;
}

/** Both are master, and the other one says so. */
function isBoth({ before, working }: Stepped): boolean {
  return before.name === "master" && working.peer?.state === "master";
}

/** By the addresses that their adverts come from. */
function isTieLostTo({ working: { peer } }: Stepped, router: VirtualRouter, machine: Machine): boolean {
  const own = machine.ownAddress(router.interface, router.family);
  if (peer?.priority !== router.priority || peer.primary === undefined) return false;
  return own === undefined || compareIp(peer.primary, own) > 0;
}

/** It said that it was master and says so no more, and is not the one to follow itself. */
function hasLetGo({ event, working }: Stepped, { priority }: VirtualRouter): boolean {
  const { peer } = working;
  if (event.type !== "peer" || event.before?.state !== "master" || peer === undefined) return false;
  return peer.state !== "master" && (peer.state !== "backup" || peer.priority <= priority);
}

/** No path carries a word of it, and its last was that it is master. */
function isSilent({ event, before, working }: Stepped, machine: Machine, world: World): boolean {
  const hearsay = world.hearsay(machine);
  const isAsked = event.type === "deadline" && before.name === "backup" && before.expecting === "peer-silent";
  if (event.type !== "peer-silent" && !isAsked) return false;
  // Who has fallen silent and is heard again while it is asked on the segment has not answered there.
  if (event.type === "peer-silent" && hearsay.isHeard(world.now)) return false;
  // By other settings than now, it may be, if they changed while it was asked.
  return (
    isAsked || (hearsay.config?.takeover === true && hearsay.word(working.router.name)?.state === "master")
  );
}

/** Whoever lets go was told that the other one has the addresses; whoever takes is being asked to. */
function isAgreed({ event }: Stepped, machine: Machine, world: World): boolean {
  if (event.type === "given") return event.to !== undefined;
  if (event.type !== "take") return false;
  const giver = world.machines.find((other) => other !== machine);
  if (giver === undefined) return false;
  // It may have died since, or its question was held up on the way.
  const own = world.hearsay(machine).config?.paths.map(({ local }) => world.pathInterfered(local)) ?? [];
  const excuse = Math.max(world.troubled(giver), ...own) + 2 * world.longestInterval;
  const isAsking =
    world.now <= world.handedOverAt(giver) + HANDOVER + world.blueprint.latency + world.reaction;
  return isAsking || world.now <= excuse;
}

function isTieLost(event: Event & { type: "advert" }, router: VirtualRouter, machine: Machine): boolean {
  const own = machine.ownAddress(router.interface, router.family) as IpAddress;
  return event.advert.priority === router.priority && compareIp(event.source, own) > 0;
}

/** The member named as the cause is in the group, and has gone there before, or has a fault; or has it no more, or has left. */
function isLed(leader: string | undefined, machine: Machine, { working, event }: Stepped): boolean {
  const { syncGroup } = working.router;
  const member = [...(machine.brain?.working.values() ?? [])].find(({ router }) => router.name === leader);
  const isMember = syncGroup !== undefined && member?.router.syncGroup === syncGroup;
  const hasFault = isMember && member.state.name === "fault" && member.state.faults.length > 0;
  if (event.type === "sync") return isMember && member.state.name === event.to;
  return event.type === "member-fault-raised" ? hasFault : !hasFault;
}

/** As the process has been told, and as it counts. */
function somethingIsDown({ router }: Working, machine: Machine): boolean {
  const { brain } = machine;
  const needed = [router.interface, ...router.addresses.map((address) => address.interface)];
  if (needed.some((name) => brain?.interfaces.get(name)?.up !== true)) return true;
  const own = machine.ownAddress(router.interface, router.family);
  const addresses = machine.interfaces.get(router.interface)?.addresses ?? [];
  if (!addresses.some(({ address }) => address === own)) return true;
  return isUnfit(router.tracks, ({ kind, object }) => brain?.verdict(kind, object));
}
