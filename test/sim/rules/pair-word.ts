/**
 * Silence on one path is not death. What a director believes of the other one is what that said last, on whatever path, for
 * as long as any path carries its word (`hearsay.ts`); and nothing from then on. A backup that hears its master by the link
 * does not take over, but for what is said to it by that master, or by its own sync group and configuration.
 */

import type { Instant } from "../../../src/core/units/time.ts";
import type { PeerWord } from "../../../src/core/vrrp/peer.ts";
import type { Stepped } from "../brain.ts";
import type { Word } from "../heartbeats.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { digitsOf } from "../validity.ts";
import type { World } from "../world.ts";

/** A backup that wants to preempt takes the addresses without an answer after so long. */
const ASKED_FOR = 1_000_000;

export const pairWord: Rule = {
  name: "pair-word",
  watch(world, complain) {
    /** When each of them began to ask for what a lesser master has. */
    const asked = new Map<string, Instant>();
    return {
      stepped(machine, step) {
        const name = `${machine.name} ${step.working.router.name}`;
        if (step.effects.some(({ type }) => type === "request-handover")) asked.set(name, world.now);
        if (step.before.name !== "backup" || step.working.state.name !== "master") return;
        const hearsay = world.hearsay(machine);
        const isHeard = hearsay.isHeard(world.now) && step.working.peer !== undefined;
        if (!isHeard || hearsay.word(step.working.router.name)?.state !== "master") return;
        const askedAt = asked.get(name);
        if (!mayTakeOver(step, askedAt === undefined ? undefined : world.now - askedAt))
          complain(`${name} takes over from a master that is heard`);
      },
      check() {
        for (const machine of world.machines) {
          const { config } = world.hearsay(machine);
          if (config === undefined || !machine.awake) continue;
          for (const { router, peer } of machine.brain?.working.values() ?? []) {
            const wrong = misbelief(world, machine, router.name, peer);
            if (wrong !== undefined) complain(`${machine.name} ${router.name} ${wrong}`);
          }
        }
      },
    };
  },
};

function mayTakeOver({ event, before, working, effects }: Stepped, askedFor: number | undefined): boolean {
  if (event.type !== "deadline") return event.type !== "peer-silent" && event.type !== "peer";
  const cause = effects.find((effect) => effect.type === "publish");
  if (cause?.type !== "publish" || cause.cause !== "preempted-lower-priority") return false;
  if (before.name !== "backup" || working.peer?.priority === 255) return true;
  return askedFor !== undefined && askedFor >= ASKED_FOR - 1;
}

function misbelief(
  world: World,
  machine: Machine,
  router: string,
  belief: PeerWord | undefined,
): string | undefined {
  const hearsay = world.hearsay(machine);
  const word = hearsay.word(router);
  if (hearsay.isHeard(world.now)) {
    const believed = belief && asWord(belief);
    if (told(word) === told(believed)) return undefined;
    if (belief === undefined && hearsay.isStale) return undefined;
    return `was told ${told(word)} and believes ${told(believed)}`;
  }
  if (belief === undefined) return undefined;
  const silentAt = hearsay.silentAt();
  if (silentAt === undefined) return `was never told ${told(asWord(belief))}`;
  // What it may have missed itself it allows for.
  const { deadAfter = 0 } = hearsay.config ?? {};
  const wait = Math.max(
    silentAt - (hearsay.heardAt ?? silentAt),
    deadAfter * (hearsay.latest?.interval ?? 0),
  );
  const excusedUntil = Math.max(silentAt, world.troubled(machine) + wait) + world.reaction;
  return world.now > excusedUntil ? `believes ${told(asWord(belief))} of one who is silent` : undefined;
}

function asWord({ state, priority, primary }: PeerWord): Word {
  return { state, priority, primary: primary === undefined ? "" : digitsOf(primary) };
}

function told(word: Word | undefined): string {
  return word === undefined ? "nothing" : `${word.state} with ${word.priority} from ${word.primary}`;
}
