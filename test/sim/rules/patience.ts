/**
 * A backup waits as long as the RFC has it wait, no less and no longer (RFC 9568 §6.1, §6.4.2; RFC 3768 §6.1), counted by
 * a model of its own from the packets that it was given.
 *
 * Reset by an advert of a priority not below ours, or of any when we do not preempt: `down_timer_adverts` intervals of the
 * sender and our skew. After priority 0: our skew alone. An advert of a lesser one: no change; but with `preempt_delay` it
 * resets the wait, too, until that is over, counted from the first one.
 *
 * Silence on one path is not death: a member of a sync group whose wait is over begins another while, and only while,
 * another member hears a master that it does not preempt, whatever falls silent. The master's own word, priority 0, is obeyed
 * all the same.
 *
 * A backup whose other director says that it is master (`pair-word` sees to it that it does) begins another wait, too; but
 * if it may preempt, and so may the others of its sync group, it asks for a handover, and waits for a second. When the other
 * one falls silent it may ask on the segment, and waits for 10 ms, or for 50 ms where it is the better one, but not longer
 * than it was told to. What was handed over is not preempted for as long as the other one is as good as it was.
 */

import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { after, type Duration, type Instant } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Stepped, Working } from "../brain.ts";
import { effective } from "../fitness.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

interface Patience {
  /** When the running wait was begun, and whether by priority 0. */
  since: Instant;
  resigned: boolean;
  /** It has been asked on the segment whether it lives. */
  silent: boolean;
  lesserHeard: boolean;
  /** The other director was asked to hand over. */
  asked: boolean;
  /** Who was heard last. */
  master: IpAddress | undefined;
  /** When a lesser master may be preempted. */
  preemptAt: Instant | undefined;
  interval: Duration;
  notBefore: number;
  notAfter: number;
}

const ASKED_FOR = 1_000_000;
const NEVER = Infinity as Instant;

export const patience: Rule = {
  name: "patience",
  watch(world, complain) {
    const waits = new Map<Working, { machine: Machine; wait: Patience }>();

    function judge(machine: Machine, router: VirtualRouter, wait: Patience, cause: string): void {
      const name = `${machine.name} ${router.name}`;
      const early = wait.notBefore - world.now;
      if (early > 1) complain(`${name} takes over (${cause}) ${Math.round(early)} us too early`);
      if (cause === "master-resigned" && !wait.resigned) complain(`${name} says that the master resigned`);
      const lesser = wait.lesserHeard && router.preempt;
      if (cause === "peer-silent" && !wait.silent) complain(`${name} has asked nobody`);
      if (cause === "preempted-lower-priority" && !lesser) complain(`${name} preempts nobody`);
      if (cause === "master-down" && (wait.resigned || wait.lesserHeard))
        complain(`${name} says master-down of a master that spoke`);
    }

    /** Another member of the sync group that will hear a master for so many microseconds more: the code has whole ones. */
    function otherThatHears(machine: Machine, { router }: Working, least: number): string | undefined {
      if (router.syncGroup === undefined) return undefined;
      for (const other of machine.brain?.working.values() ?? []) {
        const wait = waits.get(other)?.wait;
        if (other.router.syncGroup !== router.syncGroup || other.router.name === router.name) continue;
        if (wait === undefined || wait.master === undefined || wait.lesserHeard || isCertain(wait)) continue;
        if (world.now + least < wait.notAfter) return other.router.name;
      }
      return undefined;
    }

    return {
      stepped(machine, step) {
        const { working, before, effects } = step;
        if (before.name === "backup" && working.state.name === "master" && step.event.type === "deadline") {
          const cause = effects.find((effect) => effect.type === "publish");
          const known = waits.get(working);
          if (known !== undefined && cause?.type === "publish")
            judge(
              machine,
              effective({ router: working.router, adjustment: working.adjustment, state: before }),
              known.wait,
              cause.cause,
            );
          const member = otherThatHears(machine, working, 1);
          const isBidden = known?.wait.resigned === true && !known.wait.lesserHeard;
          if (member !== undefined && !isBidden)
            complain(`${machine.name} ${working.router.name} takes over while ${member} hears the master`);
        }
        if (working.state.name !== "backup") {
          waits.delete(working);
          return;
        }
        const wait = before.name === "backup" ? waits.get(working)?.wait : undefined;
        if (wait !== undefined && step.event.type === "deadline" && world.now >= wait.notBefore - 1) {
          if (working.peer?.state === "master") {
            const member = otherThatHears(machine, working, 1);
            if (member !== undefined && effects.some(({ type }) => type === "request-handover"))
              complain(`${machine.name} ${working.router.name} asks for what ${member} leaves alone`);
            waits.set(working, { machine, wait: besidePeer(wait, step, world.now) });
            return;
          }
          const isBidden = wait.resigned && !wait.lesserHeard;
          if (otherThatHears(machine, working, -1) === undefined || isBidden)
            complain(`${machine.name} ${working.router.name} is held back, and nobody hears a master`);
          const until = full(effective(working), wait.interval, world.now, undefined);
          waits.set(working, {
            machine,
            wait: { ...wait, ...until, lesserHeard: wait.lesserHeard, preemptAt: wait.preemptAt },
          });
          return;
        }
        waits.set(working, { machine, wait: updated(wait, step, world.now, working.peer?.primary) });
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

/** Nothing has to be heard of it any more: it has said so, or is silent on every path and has not answered. */
function isCertain({ resigned, silent, lesserHeard }: Patience): boolean {
  return (resigned || silent) && !lesserHeard;
}

/** Its time is over, and the other director says that it is master. */
function besidePeer(wait: Patience, { working, effects }: Stepped, now: Instant): Patience {
  if (wait.lesserHeard && effects.some(({ type }) => type === "request-handover"))
    return { ...wait, asked: true, notBefore: now + ASKED_FOR, notAfter: now + ASKED_FOR };
  const { lesserHeard, preemptAt } = wait;
  // Whatever began the last one: this one is over when nothing is heard of a master.
  return { ...full(effective(working), wait.interval, now, undefined), lesserHeard, preemptAt };
}

function updated(
  wait: Patience | undefined,
  step: Stepped,
  now: Instant,
  peer: IpAddress | undefined,
): Patience {
  const { working, event } = step;
  const router = effective(working);
  if (event.type === "given" && wait === undefined) {
    const isLesser = working.peer !== undefined && working.peer.priority < router.priority;
    const isLeftAlone = isLesser && event.onRequest !== true;
    return { ...full(router, router.advertInterval, now, peer), preemptAt: isLeftAlone ? NEVER : undefined };
  }
  if (wait !== undefined && event.type === "peer") {
    const hasFallen =
      event.before !== undefined &&
      working.peer !== undefined &&
      working.peer.priority < event.before.priority;
    return hasFallen && wait.preemptAt === NEVER ? { ...wait, preemptAt: undefined } : wait;
  }
  if (wait?.silent === true && event.type === "peer-lives")
    return { ...full(router, wait.interval, now, wait.master), preemptAt: wait.preemptAt };
  if (wait !== undefined && event.type === "peer-silent" && step.effects.length > 0) {
    const master = peer ?? wait.master;
    const { priority } = event.last;
    // Between equals the addresses decide.
    const notBefore = now + Math.min(event.grace, priority < router.priority ? 50_000 : 10_000);
    const notAfter = now + Math.min(event.grace, priority > router.priority ? 10_000 : 50_000);
    const open = { resigned: false, lesserHeard: false, silent: true, notBefore, notAfter };
    return { ...wait, ...open, master };
  }
  if (wait === undefined) {
    // On its way down a master, or anyone else, begins a full wait, at the pace of whom it yields to.
    // Whom the link alone has spoken of is known by its address all the same.
    if (event.type === "peer") return full(router, router.advertInterval, now, peer);
    if (event.type !== "advert") return full(router, router.advertInterval, now, undefined);
    return full(router, event.advert.advertInterval, now, event.source);
  }
  if (event.type === "reconfigured" || event.type === "adjusted") return shifted(wait, step, now);
  if (event.type !== "advert") return wait;
  const { advert, source } = event;
  if (advert.priority === 0) {
    const until = now + skew(router, wait.interval);
    return {
      ...wait,
      since: now,
      resigned: true,
      silent: false,
      lesserHeard: false,
      asked: false,
      master: source,
      notBefore: until,
      notAfter: until,
    };
  }
  const anew = full(router, advert.advertInterval, now, source);
  if (!router.preempt || advert.priority >= router.priority) return anew;
  const preemptAt = wait.preemptAt ?? after(now, router.preemptDelay);
  // What was to be left alone is, whoever had to be asked.
  if (wait.silent || now < preemptAt) return { ...anew, preemptAt };
  return { ...wait, lesserHeard: true, master: source, preemptAt };
}

/** The configuration has changed, or the priority. */
function shifted(wait: Patience, { working, event }: Stepped, now: Instant): Patience {
  if (wait.silent) return wait;
  const router = effective(working);
  const [was, adjustment] =
    event.type === "reconfigured"
      ? [event.before, working.adjustment]
      : [working.router, event.type === "adjusted" ? event.before : 0];
  const before = effective({ router: was, state: working.state, adjustment });
  const interval = router.version === 3 && wait.master !== undefined ? wait.interval : router.advertInterval;
  // A master that was to be preempted is listened to anew when it may be one to leave alone.
  const humbler = (before.preempt && !router.preempt) || router.priority < before.priority;
  if (humbler && wait.lesserHeard) return full(router, interval, now, wait.master);
  const delayed = (router.preemptDelay - before.preemptDelay) as Duration;
  const known = wait.preemptAt;
  const preemptAt = known === undefined || known === NEVER ? known : after(known, delayed);
  // A second, whatever changes.
  if (wait.asked) return { ...wait, interval, preemptAt };
  const changed = { ...full(router, interval, wait.since, wait.master), preemptAt };
  if (!wait.resigned) return { ...changed, lesserHeard: wait.lesserHeard };
  const least = Math.min(wait.notBefore, wait.since + skew(router, interval));
  return { ...wait, interval, preemptAt, notBefore: least - 1e9, notAfter: Infinity };
}

function full(
  router: VirtualRouter,
  interval: Duration,
  since: Instant,
  master: IpAddress | undefined,
): Patience {
  const until = after(since, down(router, interval));
  return {
    since,
    resigned: false,
    silent: false,
    lesserHeard: false,
    asked: false,
    master,
    preemptAt: undefined,
    interval,
    notBefore: until,
    notAfter: until,
  };
}

function down(router: VirtualRouter, interval: Duration): Duration {
  return (router.downTimerAdverts * interval + skew(router, interval)) as Duration;
}

function skew({ version, priority }: VirtualRouter, interval: Duration): number {
  return version === 2 ? ((256 - priority) / 256) * 1_000_000 : ((256 - priority) * interval) / 256;
}
