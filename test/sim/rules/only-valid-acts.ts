/**
 * Only a valid packet acts. What is discarded leaves every state, deadlines included, as it was; and what is discarded
 * and what counts is what the RFCs say (`validity.ts`).
 */

import type { Working } from "../brain.ts";
import type { Hearing, Judgement, Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { standing } from "../fitness.ts";
import { dissect, recipient } from "../validity.ts";

export const onlyValidActs: Rule = {
  name: "only-valid-acts",
  watch(_world, complain) {
    /** The highest sequence number of each source, for each router. */
    const accepted = new Map<Working, Map<string, number>>();

    function expectedRecipient(machine: Machine, { socket, frame }: Judgement): Working | undefined {
      const here: Working[] = [];
      for (const working of machine.brain?.working.values() ?? []) {
        const { router } = working;
        if (router.interface === socket.interface && router.family === socket.family) here.push(working);
      }
      const find = (name: string | undefined) => here.find(({ router }) => router.name === name);
      const expected = recipient(frame.bytes, {
        routers: here.map(standing),
        own: machine.ownAddress(socket.interface, socket.family),
        lastSequence: ({ name }, source) => {
          const working = find(name);
          return (working && accepted.get(working)?.get(source)) ?? 0;
        },
      });
      return find(expected?.name);
    }

    function remember(working: Working, { frame }: Judgement): void {
      const parts = dissect(frame.bytes);
      if (parts?.sequence === undefined) return;
      let known = accepted.get(working);
      if (known === undefined) accepted.set(working, (known = new Map()));
      known.set(parts.source, parts.sequence);
    }

    return {
      heard(machine, hearing) {
        const actor = hearing.admission.type === "discarded" ? changed(machine, hearing) : undefined;
        if (actor !== undefined) complain(`${machine.name} ${actor} acts on a packet that it discards`);
      },
      judged(machine, judgement) {
        const { admission, frame } = judgement;
        const expected = expectedRecipient(machine, judgement);
        const actual = admission.type === "admitted" ? admission.router.name : undefined;
        if (expected !== undefined) remember(expected, judgement);
        if (expected?.router.name !== actual) {
          const about = frame.altered ?? "unaltered";
          complain(
            `${machine.name} takes a packet (${about}) for ${actual}; it is for ${expected?.router.name}`,
          );
        }
      },
    };
  },
};

function changed(machine: Machine, { before }: Hearing): string | undefined {
  let index = 0;
  for (const { state, router } of machine.brain?.working.values() ?? []) {
    if (state !== before[index]) return router.name;
    index += 1;
  }
  return undefined;
}
