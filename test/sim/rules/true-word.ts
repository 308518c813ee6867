/**
 * A director says what is so: its adverts name the router, its priority with all that its tracked objects do to it, its
 * interval (or, in a last word, the winner's) and its addresses, but for those that are excluded; over IPv6 a link-local one
 * comes first. They come from its own address, and with the TTL that is configured. And the priority follows what is known
 * of the tracked objects at once. A backup that asks whether a silent master lives does so with priority 1: nobody gives way
 * to a question.
 */

import type { OutgoingAdvert } from "../../../src/core/vrrp/advert-packet.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { adjustmentOf, priorityOf } from "../fitness.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { digits, digitsOf, dissect } from "../validity.ts";

export const trueWord: Rule = {
  name: "true-word",
  watch(world, complain) {
    /** Only what it has been told can move a priority. */
    const told = new Set<Machine>();
    /** Who asks on the segment whether a master lives that is silent by the link. */
    const asking = new Set<string>();
    return {
      sent(machine, router, advert) {
        const isQuestion = asking.has(`${machine.name} ${router.name}`);
        const wrong = untruth(machine, router, advert, isQuestion);
        if (wrong !== undefined) complain(`${machine.name} ${router.name} says the wrong ${wrong}`);
      },
      stepped(machine, { event, effects, working }) {
        told.add(machine);
        const name = `${machine.name} ${working.router.name}`;
        if (event.type === "peer-silent" && effects.length > 0) asking.add(name);
        else asking.delete(name);
      },
      check() {
        for (const machine of told) {
          if (!machine.awake || !machine.idle) continue;
          told.delete(machine);
          if (world.troubled(machine) > world.now - world.reaction) continue;
          for (const { router, adjustment } of machine.brain?.working.values() ?? []) {
            const due = adjustmentOf(router.tracks, ({ object }) => machine.findings.get(object)?.verdict);
            if (due !== adjustment)
              complain(`${machine.name} ${router.name} is adjusted by ${adjustment} instead of ${due}`);
          }
        }
      },
    };
  },
};

function untruth(
  machine: Machine,
  router: VirtualRouter,
  { packet }: OutgoingAdvert,
  isQuestion: boolean,
): string | undefined {
  const parts = dissect(packet);
  if (parts === undefined) return "packet";
  const { ttl, source, message } = parts;
  const at = (index: number) => message[index] ?? 0;
  const own = machine.ownAddress(router.interface, router.family);
  // An owner whose interface has lost its first address speaks from what it owns.
  const isOwned =
    router.priority === 255 && router.addresses.some(({ address }) => digitsOf(address) === source);
  if ((own === undefined || source !== digitsOf(own)) && !isOwned) return "source";
  const { delivery } = router;
  if (ttl !== (delivery.type === "unicast" ? delivery.ttl : 255)) return "TTL";
  if (at(0) !== router.version * 16 + 1 || at(1) !== router.vrid) return "router";
  const adjustment = machine.brain?.working.get(router.name)?.adjustment ?? 0;
  const due = isQuestion ? 1 : priorityOf(router, adjustment);
  if (at(2) !== due && (isQuestion || at(2) !== 0)) return `priority, ${at(2)}`;
  const interval = router.version === 2 ? at(5) * 1_000_000 : ((at(4) & 15) * 256 + at(5)) * 10_000;
  if (interval !== router.advertInterval) return "interval";
  return addresses(message, router);
}

function addresses(message: Uint8Array, { addresses: all, version }: VirtualRouter): string | undefined {
  const named = all.filter(({ excluded }) => excluded !== true).map(({ address }) => address);
  const end = message.length - (version === 2 ? 8 : 0);
  const said = digits(message.subarray(8, end));
  const expected = named.map(digitsOf);
  if ((message[3] ?? 0) !== named.length || said.length !== expected.join("").length)
    return "number of addresses";
  if (expected.some((address) => !said.includes(address))) return "addresses";
  const hasLinkLocal = expected.some((address) => address.startsWith("fe80"));
  return hasLinkLocal && !said.startsWith("fe80") ? "first address" : undefined;
}
