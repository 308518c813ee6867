/**
 * The kernel is the truth: at rest a master holds all of its addresses, and nobody else any of them; but for those that an
 * owner found there when it started, which are not ours to remove.
 */

import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import type { Instant } from "../../../src/core/units/time.ts";
import type { State } from "../../../src/core/vrrp/state.ts";
import type { Working } from "../brain.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";

interface Wrong {
  readonly address: IpAddress;
  readonly state: State["name"];
  readonly since: Instant;
}

export const kernelTruth: Rule = {
  name: "kernel-truth",
  watch(world, complain) {
    /** Only what has happened to a director can make it wrong; who is wrong stays under suspicion. */
    const suspects = new Set<Machine>();
    const wrongSince = new Map<Working, Wrong>();
    const borrowed = new Map<Machine, Set<IpAddress>>();

    function isRight(machine: Machine): boolean {
      let right = true;
      for (const working of machine.brain?.working.values() ?? []) {
        const address = wrongAddress(machine, working, borrowed.get(machine));
        if (address === undefined) {
          wrongSince.delete(working);
          continue;
        }
        right = false;
        const known = wrongSince.get(working);
        const isSame = known?.address === address && known.state === working.state.name;
        const since = isSame ? known.since : world.now;
        if (!isSame) wrongSince.set(working, { address, state: working.state.name, since });
        if (world.now <= world.leftAloneUntil(machine, address)) continue;
        if (world.now > Math.max(since, world.troubled(machine)) + world.reaction)
          complain(
            `${machine.name} ${working.router.name} is ${working.state.name}, and ${address} is ${
              working.state.name === "master" ? "missing" : "still there"
            }`,
          );
      }
      return right;
    }

    return {
      stepped: (machine, { before, working }) => {
        if (before.name !== working.state.name) suspects.add(machine);
      },
      address: (machine) => void suspects.add(machine),
      life(machine, what) {
        suspects.add(machine);
        if (what !== "started") return;
        const owned = world.routers(machine).filter(({ priority }) => priority === 255);
        const found = owned
          .flatMap(({ addresses }) => addresses)
          .filter((address) => machine.kernel.holds(address));
        borrowed.set(machine, new Set(found.map(({ address }) => address)));
      },
      check() {
        for (const machine of suspects) if (machine.awake && isRight(machine)) suspects.delete(machine);
      },
    };
  },
};

function wrongAddress(
  machine: Machine,
  { router, state }: Working,
  borrowed: ReadonlySet<IpAddress> | undefined,
): IpAddress | undefined {
  const wanted = state.name === "master";
  for (const address of router.addresses) {
    if (!wanted && borrowed?.has(address.address) === true) continue;
    // Nothing can be put back on an interface that is down; when it is up again it is looked at.
    const isDown = machine.kernel.interfaces.get(address.interface)?.up === false;
    if (machine.kernel.holds(address) !== wanted && !(wanted && isDown)) return address.address;
  }
  return undefined;
}
