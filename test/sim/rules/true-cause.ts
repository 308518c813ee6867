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
          !isTrue(first, machine, step, between(killedAt.get(machine) ?? START, world.now), world.now)
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
  now: Instant,
): boolean {
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
      // No backup can have lost patience: it waits for `down_timer_adverts` intervals, the last advert is one old at the most.
      return (
        sinceKilled <= (router.downTimerAdverts - 1) * router.advertInterval &&
        router.addresses.every((own) => machine.kernel.holds(own))
      );
    case "owner":
      return router.priority === 255;
    case "master-down":
    case "master-resigned":
    case "preempted-lower-priority":
      return event.type === "deadline" && before.name === "backup";
    case "higher-priority":
      return event.type === "advert" && event.advert.priority > router.priority;
    case "equal-priority-higher-address":
      return event.type === "advert" && isTieLost(event, router, machine);
    case "duplicate-owner":
      return event.type === "advert" && event.advert.priority === 255 && working.router.priority === 255;
    case "fault":
      return event.type === "address-refused" || somethingIsDown(working, machine);
    case "fault-cleared":
      return !somethingIsDown(working, machine) && router.priority !== 255;
    // No simulated director has a peer yet.
    case "peer-let-go":
    case "peer-silent":
    case "handover":
      return false;
    case "sync-group":
      return isLed(detail, machine, step);
    case "reconfigured":
      return event.type === "reconfigured";
    case "shutdown":
      return event.type === "shutdown";
  }
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
