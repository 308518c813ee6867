/**
 * No transition without a cause, and the cause is true: each change of state is published once, from the state that was
 * published before, and names a reason that the simulator knows to be so.
 */

import { compareIp, type IpAddress } from "../../../src/core/units/ip-address.ts";
import { between, type Duration, type Instant, START } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Effect, Event } from "../../../src/core/vrrp/event.ts";
import type { State } from "../../../src/core/vrrp/state.ts";
import type { Stepped } from "../brain.ts";
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
          !isTrue(first, machine, step, between(killedAt.get(machine) ?? START, world.now))
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
  { cause }: Effect & { type: "publish" },
  machine: Machine,
  step: Stepped,
  sinceKilled: Duration,
): boolean {
  const { event, before, working } = step;
  const { router } = working;
  switch (cause) {
    case "startup":
      return (
        event.type === "startup" && event.faults.length === 0 && !event.resume && router.priority !== 255
      );
    case "resumed":
      // No backup can have lost patience: it waits for three intervals, the last advert is one old at the most.
      return (
        sinceKilled <= 2 * router.advertInterval && router.addresses.every((own) => machine.kernel.holds(own))
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
      return event.type === "advert" && event.advert.priority === 255 && router.priority === 255;
    case "fault":
      return event.type === "address-refused" || somethingIsDown(router, machine);
    case "fault-cleared":
      return !somethingIsDown(router, machine) && router.priority !== 255;
    // No simulated director has a peer yet.
    case "peer-let-go":
    case "peer-silent":
    case "handover":
      return false;
    case "sync-group":
      return router.syncGroup !== undefined;
    case "reconfigured":
      return event.type === "reconfigured";
    case "shutdown":
      return event.type === "shutdown";
  }
}

function isTieLost(event: Event & { type: "advert" }, router: VirtualRouter, machine: Machine): boolean {
  const own = machine.interfaces.get(router.interface)?.addresses[0]?.address as IpAddress;
  return event.advert.priority === router.priority && compareIp(event.source, own) > 0;
}

/** As the process has been told. */
function somethingIsDown(router: VirtualRouter, machine: Machine): boolean {
  const needed = [router.interface, ...router.addresses.map((address) => address.interface)];
  return needed.some((name) => machine.interfaces.get(name)?.up !== true);
}
