/** Gone before told: when a director says that it is no master any more, be it to its operator, to its peers or to the other director, the address is off. */

import type { VirtualAddress, VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import { numberOf, takeApart } from "../heartbeats.ts";
import { dissect } from "../validity.ts";

export const goneBeforeTold: Rule = {
  name: "gone-before-told",
  watch(_world, complain) {
    /** Addresses that somebody else put there are not ours to vouch for. */
    const foreign = new Map<Machine, Set<string>>();
    /** Routers of which the last heartbeat said that they are master, by their numbers. */
    const masters = new Map<Machine, Set<number>>();

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
      spoke(machine, bytes) {
        const before = masters.get(machine);
        const told = new Set<number>();
        for (const [id, { state }] of takeApart(bytes).entries) if (state === "master") told.add(id);
        masters.set(machine, told);
        for (const { router } of machine.brain?.working.values() ?? []) {
          const id = numberOf(router.name);
          if (before?.has(id) === true && !told.has(id)) vouch(machine, router, "its end by heartbeat");
        }
      },
      life(machine, what) {
        if (what === "killed" || what === "power lost" || what === "stopped") masters.delete(machine);
      },
      published(machine, router, { from, to }) {
        if (from === "master" && to !== "master") vouch(machine, router, to);
      },
    };
  },
};
