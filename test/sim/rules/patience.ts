/**
 * A backup waits as long as the RFC has it wait, no less and no longer (RFC 9568 §6.1, §6.4.2; RFC 3768 §6.1), counted by
 * a model of its own from the packets that it was given.
 *
 * Reset by an advert of a priority not below ours, or of any when we do not preempt: three intervals of the sender and
 * our skew. After priority 0: our skew alone. An advert of a lesser one: no change.
 */

import { after, type Duration, type Instant } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Stepped, Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

interface Patience {
  /** When the running wait was begun, and whether by priority 0. */
  since: Instant;
  resigned: boolean;
  lesserHeard: boolean;
  masterHeard: boolean;
  interval: Duration;
  notBefore: number;
  notAfter: number;
}

export const patience: Rule = {
  name: "patience",
  watch(world, complain) {
    const waits = new Map<Working, { machine: Machine; wait: Patience }>();

    function judge(machine: Machine, router: VirtualRouter, wait: Patience, cause: string): void {
      const name = `${machine.name} ${router.name}`;
      const early = wait.notBefore - world.now;
      if (early > 1) complain(`${name} takes over (${cause}) ${Math.round(early)} us too early`);
      if (cause === "master-resigned" && !wait.resigned) complain(`${name} says that the master resigned`);
      const lesser = wait.lesserHeard && preempts(router);
      if (cause === "preempted-lower-priority" && !lesser) complain(`${name} preempts nobody`);
      if (cause === "master-down" && (wait.resigned || wait.lesserHeard))
        complain(`${name} says master-down of a master that spoke`);
    }

    return {
      stepped(machine, step) {
        const { working, before, effects } = step;
        if (before.name === "backup" && working.state.name === "master" && step.event.type === "deadline") {
          const cause = effects.find((effect) => effect.type === "publish");
          const known = waits.get(working);
          if (known !== undefined && cause?.type === "publish")
            judge(machine, working.router, known.wait, cause.cause);
        }
        if (working.state.name !== "backup") {
          waits.delete(working);
          return;
        }
        const wait = before.name === "backup" ? waits.get(working)?.wait : undefined;
        waits.set(working, { machine, wait: updated(wait, step, world.now) });
      },
      life(machine, what) {
        if (what !== "killed" && what !== "power lost" && what !== "stopped") return;
        for (const [working, known] of waits) if (known.machine === machine) waits.delete(working);
      },
      check() {
        for (const [working, { machine, wait }] of waits) {
          if (world.now <= wait.notAfter + world.reaction || !machine.awake) continue;
          if (world.now <= world.troubled(machine) + world.reaction) continue;
          complain(`${machine.name} ${working.router.name} has not taken over in time`);
        }
      },
    };
  },
};

function updated(wait: Patience | undefined, { working, event }: Stepped, now: Instant): Patience {
  const { router } = working;
  if (wait === undefined) {
    // On its way down a master, or anyone else, begins a full wait, at the pace of whom it yields to.
    const heard = event.type === "advert";
    return full(router, heard ? event.advert.advertInterval : router.advertInterval, now, heard);
  }
  if (event.type === "reconfigured") {
    const interval = router.version === 3 && wait.masterHeard ? wait.interval : router.advertInterval;
    const { before } = event;
    // A master that was to be preempted is listened to anew when it may be one to leave alone.
    const humbler = (preempts(before) && !preempts(router)) || router.priority < before.priority;
    if (humbler && wait.lesserHeard) return full(router, interval, now, wait.masterHeard);
    const changed = full(router, interval, wait.since, wait.masterHeard);
    if (!wait.resigned) return { ...changed, lesserHeard: wait.lesserHeard };
    const least = Math.min(wait.notBefore, wait.since + skew(router, interval));
    return { ...wait, interval, notBefore: least - 1e9, notAfter: Infinity };
  }
  if (event.type !== "advert") return wait;
  const { advert } = event;
  if (advert.priority === 0) {
    const until = now + skew(router, wait.interval);
    return {
      ...wait,
      since: now,
      resigned: true,
      lesserHeard: false,
      masterHeard: true,
      notBefore: until,
      notAfter: until,
    };
  }
  if (preempts(router) && advert.priority < Math.min(router.priority, 254))
    return { ...wait, lesserHeard: true, masterHeard: true };
  return full(router, advert.advertInterval, now, true);
}

function full(router: VirtualRouter, interval: Duration, since: Instant, masterHeard: boolean): Patience {
  const until = after(since, (3 * interval + skew(router, interval)) as Duration);
  return {
    since,
    resigned: false,
    lesserHeard: false,
    masterHeard,
    interval,
    notBefore: until,
    notAfter: until,
  };
}

/** An owner does, whatever it is told. */
function preempts({ preempt, priority }: VirtualRouter): boolean {
  return preempt || priority === 255;
}

/** An owner that waits has given way to another one, and waits as the best of the others would. */
function skew({ version, priority: own }: VirtualRouter, interval: Duration): number {
  const priority = Math.min(own, 254);
  return version === 2 ? ((256 - priority) / 256) * 1_000_000 : ((256 - priority) * interval) / 256;
}
