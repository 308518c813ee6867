/** Gone before told: when a director says that it is no master any more, be it to its operator or to its peers, the address is off. */

import type { VirtualAddress, VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { dissect } from "../validity.ts";

export const goneBeforeTold: Rule = {
  name: "gone-before-told",
  watch(_world, complain) {
    /** Addresses that somebody else put there are not ours to vouch for. */
    const foreign = new Map<Machine, Set<string>>();

    function vouch(machine: Machine, router: VirtualRouter, what: string): void {
      const still = router.addresses.find(
        (address) => machine.kernel.holds(address) && foreign.get(machine)?.has(address.address) !== true,
      );
      if (still !== undefined)
        complain(`${machine.name} ${router.name} tells of ${what} and still holds ${still.address}`);
    }

    return {
      address(machine, { address }: VirtualAddress, present, by) {
        let own = foreign.get(machine);
        if (own === undefined) foreign.set(machine, (own = new Set()));
        if (present && by === "stranger") own.add(address);
        else own.delete(address);
      },
      sent(machine, router, { packet }) {
        if (dissect(packet)?.message[2] === 0) vouch(machine, router, "its end");
      },
      published(machine, router, { from, to }) {
        if (from === "master" && to !== "master") vouch(machine, router, to);
      },
    };
  },
};
