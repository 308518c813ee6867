/**
 * A master speaks: an advert each interval, and at once when it hears a lesser one, but for one that comes within 10 ms of
 * the last answer (RFC 9568 §6.4.3). With lower_prio_no_advert it answers nobody but who lets go.
 */

import type { Instant } from "../../../src/core/units/time.ts";
import type { Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

const ANSWERS_APART = 10_000;

interface Speech {
  readonly machine: Machine;
  last: Instant;
  lastAnswer: number;
}

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
        if (speech === undefined)
          speeches.set(working, (speech = { machine, last: world.now, lastAnswer: -Infinity }));
        const speaks = effects.some(({ type }) => type === "send-advert");
        if (speaks) speech.last = world.now;
        if (before.name !== "master" || event.type !== "advert") return;
        if (speaks) speech.lastAnswer = world.now;
        else if (!working.router.contention.answer && event.advert.priority > 0) return;
        else if (world.now >= speech.lastAnswer + ANSWERS_APART)
          complain(`${machine.name} does not answer a lesser master`);
      },
      life(machine, what) {
        if (what !== "killed" && what !== "power lost" && what !== "stopped") return;
        for (const [working, speech] of speeches) if (speech.machine === machine) speeches.delete(working);
      },
      check() {
        for (const [{ router }, { machine, last }] of speeches) {
          if (world.now <= last + router.advertInterval + world.reaction || !machine.awake) continue;
          if (world.now <= world.troubled(machine) + world.reaction) continue;
          complain(`${machine.name} ${router.name} is master and silent since ${last} us`);
        }
      },
    };
  },
};
