/**
 * A master speaks: an advert each interval, and at once when it hears a lesser one (RFC 9568 §6.4.3), but not within 10 ms of
 * its last answer: what it hears of another one by then, it has to answer after that. With lower_prio_no_advert it answers
 * nobody but who lets go. While it hands over it says nothing, for 50 ms at the most; and neither of the two answers.
 */

import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import type { Instant } from "../../../src/core/units/time.ts";
import type { Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

const ANSWERS_APART = 10_000;

interface Speech {
  readonly machine: Machine;
  last: Instant;
  lastAnswer: number;
  /** Whom that was for, or what is owed. */
  answered: IpAddress | undefined;
  /** When it has to have answered another one that it heard too soon after that. */
  owed: number;
  /** Its handover is over by then. */
  handoverUntil: number;
  isGiving: boolean;
}

const HANDOVER = 50_000;

export const keepsSpeaking: Rule = {
  name: "keeps-speaking",
  watch(world, complain) {
    const speeches = new Map<Working, Speech>();
    return {
      stepped(machine, { working, before, event, effects }) {
        if (working.state.name !== "master") {
          speeches.delete(working);
          return;
        }
        let speech = speeches.get(working);
        if (speech === undefined) speeches.set(working, (speech = newSpeech(machine, world.now)));
        if (event.type === "give" || event.type === "take")
          Object.assign(speech, { handoverUntil: world.now + HANDOVER, isGiving: event.type === "give" });
        if (event.type === "given") speech.handoverUntil = world.now;
        const speaks = effects.some(({ type }) => type === "send-advert");
        const isHandingOver = world.now < speech.handoverUntil;
        // What its operator changes it says at once.
        const isAsked = event.type === "reconfigured" || event.type === "adjusted";
        if (speaks && isHandingOver && speech.isGiving && !isAsked)
          complain(`${machine.name} speaks while it hands over`);
        if (speaks) speech.last = world.now;
        if (speaks || isHandingOver) speech.owed = Infinity;
        if (isHandingOver) return;
        if (before.name !== "master" || event.type !== "advert") return;
        const mayAnswer = world.now >= speech.lastAnswer + ANSWERS_APART;
        if (speaks) {
          if (!mayAnswer) complain(`${machine.name} answers too often`);
          Object.assign(speech, { lastAnswer: world.now, answered: event.source });
        } else if (working.router.contention.answer || event.advert.priority === 0) {
          if (mayAnswer) complain(`${machine.name} does not answer a lesser master`);
          else if (event.source !== speech.answered)
            Object.assign(speech, { owed: speech.lastAnswer + ANSWERS_APART, answered: event.source });
        }
      },
      life(machine, what) {
        if (what !== "killed" && what !== "power lost" && what !== "stopped") return;
        for (const [working, speech] of speeches) if (speech.machine === machine) speeches.delete(working);
      },
      check() {
        for (const [{ router }, { machine, last, owed, handoverUntil }] of speeches) {
          if (world.now <= handoverUntil + world.reaction) continue;
          const until = Math.min(last + router.advertInterval, owed);
          if (world.now <= until + world.reaction || !machine.awake) continue;
          if (world.now <= world.troubled(machine) + world.reaction) continue;
          complain(`${machine.name} ${router.name} is master and silent since ${last} us`);
        }
      },
    };
  },
};

function newSpeech(machine: Machine, now: Instant): Speech {
  const [lastAnswer, owed, handoverUntil] = [-Infinity, Infinity, -Infinity];
  return { machine, last: now, lastAnswer, answered: undefined, owed, handoverUntil, isGiving: false };
}
