/**
 * A silence of all paths is not death either while adverts pass. Who finds the other director silent, that was master, asks
 * on the segment; and as long as that one lives, is master, and a packet gets through in each direction, it is not replaced:
 * whatever the priorities, whoever preempts whom, whoever answers whom.
 *
 * And a silence that an advert gives the lie to is told: while the question is open, or after the takeover, until VRRP, too,
 * would have found the other one dead, or it is heard by the link again. None is believed for a minute then.
 */

import { after, type Duration, type Instant } from "../../../src/core/units/time.ts";
import type { Effect } from "../../../src/core/vrrp/event.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Stepped, Working } from "../brain.ts";
import { effective } from "../fitness.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import type { World } from "../world.ts";

const DISTRUST = 60_000_000;
const HANDOVER = 50_000;
/** A master that has just answered may leave the next question to that answer. */
const ANSWERS_APART = 10_000;

interface Question {
  readonly askedAt: Instant;
  /** It came when the one who was asked had just spoken. */
  readonly isAnswered: boolean;
}

export const falseSilence: Rule = {
  name: "false-silence",
  watch(world, complain) {
    /** When each of them fell for a silence: asked, and not decided yet. */
    const asked = new Map<Working, Question>();
    /** Who took over by a silence, and until when VRRP would have waited. */
    const doubtful = new Map<Working, Instant>();
    const masterSince = new Map<Working, Instant>();
    const answeredAt = new Map<Working, Instant>();
    /** When a silence was last given the lie. */
    const liedAt = new Map<Machine, Instant>();

    function isContradicted(machine: Machine, { event, before, working }: Stepped): boolean {
      if (event.type !== "advert" || event.advert.priority === 0) return false;
      if (before.name === "backup") return asked.has(working);
      // `pair-word` sees to it that it does not take who is silent for heard, but for a while after a stall.
      if (before.name !== "master" || working.peer !== undefined || isHeard(machine, working)) return false;
      const until = doubtful.get(working);
      return until !== undefined && world.now < until;
    }

    /** The other director's instance of that name, if it has been master since before. */
    function lastingMaster(machine: Machine, name: string, before: Instant): Machine | undefined {
      const other = world.machines.find((one) => one !== machine);
      const working = other?.brain?.working.get(name);
      const since = working && masterSince.get(working);
      if (other === undefined || working?.state.name !== "master" || since === undefined) return undefined;
      const isCalm = world.handedOverAt(other) < before - HANDOVER - world.reaction;
      return since < before && isCalm ? other : undefined;
    }

    /** The other one has just answered, and may leave it at that. */
    function isAnswered(machine: Machine, name: string): boolean {
      const other = world.machines.find((one) => one !== machine)?.brain?.working.get(name);
      const at = other && answeredAt.get(other);
      return at !== undefined && world.now < at + ANSWERS_APART;
    }

    /** A question of this moment. */
    function questionNow(machine: Machine, name: string): Question {
      return { askedAt: world.now, isAnswered: isAnswered(machine, name) };
    }

    function judgeClaim(machine: Machine, { working }: Stepped, { askedAt, isAnswered }: Question): void {
      const { router } = working;
      const other = lastingMaster(machine, router.name, askedAt);
      if (other === undefined || isAnswered || isDeaf(other, router)) return;
      if (!pass(world, machine, other, router.interface, askedAt)) return;
      const waits = world.now - askedAt;
      // A segment that is slower than the time for an answer.
      if (waits > 0 && waits <= 2 * world.blueprint.latency) return;
      complain(`${machine.name} ${router.name} replaces ${other.name}, which lives and can be heard`);
    }

    function isHeard(machine: Machine, { router }: Working): boolean {
      const hearsay = world.hearsay(machine);
      return hearsay.isHeard(world.now) && hearsay.word(router.name) !== undefined;
    }

    return {
      life(machine, what) {
        if (what !== "killed" && what !== "power lost" && what !== "stopped") return;
        liedAt.delete(machine);
      },
      stepped(machine, step) {
        const { event, before, working, effects } = step;
        const { state, router } = working;
        const isTold = effects.some(({ type }) => type === "silence-contradicted");
        const isLie = isContradicted(machine, step);
        if (isLie && !isTold)
          complain(`${machine.name} ${router.name} does not tell that a silence was none`);
        // After a takeover it may have been a master that stood still, whose heartbeat comes after its advert.
        if (isLie && before.name === "backup") liedAt.set(machine, world.now);
        // Its first word decides, whether it gives anything the lie or not.
        if (before.name === "master" && event.type === "advert") doubtful.delete(working);
        if (event.type === "peer-silent" && world.now < (liedAt.get(machine) ?? -DISTRUST) + DISTRUST)
          complain(`${machine.name} believes in silence again`);

        if (state.name !== "master") masterSince.delete(working);
        else if (before.name !== "master") masterSince.set(working, world.now);
        if (before.name === "master" && event.type === "advert" && effects.some(isAdvert))
          answeredAt.set(working, world.now);
        const question =
          asked.get(working) ??
          (event.type === "peer-silent" ? questionNow(machine, router.name) : undefined);
        if (question !== undefined && before.name === "backup" && state.name === "master") {
          const published = effects.find((effect) => effect.type === "publish");
          const cause = published?.type === "publish" ? published.cause : "";
          if (cause === "peer-silent" || cause === "sync-group") judgeClaim(machine, step, question);
          if (!isHeard(machine, working)) doubtful.set(working, givenUpAt(step, world.now));
        }
        if (event.type !== "peer-silent" && event.type !== "peer") {
          if (event.type !== "adjusted" && event.type !== "reconfigured") asked.delete(working);
        } else if (event.type === "peer-silent" && effects.length > 0)
          asked.set(working, questionNow(machine, router.name));
        if (state.name !== "master") doubtful.delete(working);
      },
      check() {
        for (const machine of world.machines)
          if (world.hearsay(machine).config === undefined) liedAt.delete(machine);
      },
    };
  },
};

function isAdvert({ type }: Effect): boolean {
  return type === "send-advert";
}

/** When VRRP's own wait is over that begins with the takeover. */
function givenUpAt({ before, working }: Stepped, now: Instant): Instant {
  const { version, priority, advertInterval, downTimerAdverts } = effective(working);
  const interval = before.name === "backup" ? before.advertInterval : advertInterval;
  const skew = ((256 - priority) / 256) * (version === 2 ? 1_000_000 : interval);
  return after(now, (downTimerAdverts * interval + skew - 1) as Duration);
}

/** Version 2 obliges those who differ in their interval to be deaf to each other (RFC 3768 §7.1). */
function isDeaf({ brain }: Machine, { name, version, advertInterval }: VirtualRouter): boolean {
  return version === 2 && brain?.working.get(name)?.router.advertInterval !== advertInterval;
}

/** Nothing has befallen a packet between the two, or either of them, since then, and both could hear. */
function pass(world: World, one: Machine, other: Machine, name: string, since: Instant): boolean {
  const [from, to] = [one.nics.get(name), other.nics.get(name)];
  if (from === undefined || to === undefined) return false;
  if (!from.segment.reaches(from.port, to.port) || !from.segment.reaches(to.port, from.port)) return false;
  const calm = since - world.reaction - world.blueprint.latency;
  return [
    world.interfered(one, other),
    world.interfered(other, one),
    world.troubled(one),
    world.troubled(other),
  ].every((at) => at < calm);
}
