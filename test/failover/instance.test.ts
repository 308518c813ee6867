/**
 * Goal: a move of a sync group is one decision: the adverts of all members are out before the first address is touched.
 * Method: two instances whose hands write down what they are asked for.
 */

import t from "tap";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { ZERO } from "../../src/core/units/time.ts";
import { MACHINE_CLOCK } from "../../src/failover/clock.ts";
import { Instance, type InstanceHands } from "../../src/failover/instance.ts";
import { router, vip } from "../core/vrrp/story.ts";

async function settled(members: readonly Instance[]): Promise<void> {
  for (const member of members) await new Promise<void>((resolve) => member.whenSettled(resolve));
}

t.test("adverts first, of all of them", async (t) => {
  const asked: string[] = [];
  const members: Instance[] = [];
  const hands: InstanceHands = {
    clock: MACHINE_CLOCK,
    send: ({ name }, { packet }) => asked.push(`${name} advert ${packet[22]}`) > 0,
    add: (_, [address], done) => {
      asked.push(`add ${address?.interface}`);
      setImmediate(done, true);
    },
    remove: ([address], done) => {
      asked.push(`remove ${address?.interface}`);
      setImmediate(done);
    },
    route: () => {},
    announce: (address) => asked.push(`announce ${address.interface}`),
    drain: () => {},
    primary: () => "192.0.2.12" as Ipv4,
    held: () => [],
    event: () => {},
    transition: ({ name }, { to }) => asked.push(`${name} is ${to}`),
    late: () => {},
    stalled: () => {},
    companions: () => members,
    decided: () => {},
  };
  const announcing = { delay: ZERO, repeat: 1, refresh: ZERO, refreshRepeat: 1 };
  for (const name of ["out", "in"]) {
    const addresses = [vip("192.0.2.100", name)];
    members.push(new Instance(router({ name, syncGroup: "lan", addresses, announcing }), 0, hands));
  }
  const [out, inner] = members;
  inner?.dispatch({ type: "startup", faults: [], resume: false });
  await settled(members);
  asked.splice(0);

  out?.dispatch({ type: "startup", faults: [], resume: true });
  t.same(asked.slice(0, 4), ["out advert 100", "in advert 100", "add out", "add in"]);
  await settled(members);
  t.same(asked.slice(4).toSorted(), ["announce in", "announce out", "in is master", "out is master"]);

  asked.splice(0);
  for (const member of members) member.decide({ type: "shutdown" });
  for (const member of members) member.work();
  t.same(asked.slice(0, 2), ["remove out", "remove in"]);
  await settled(members);
  t.same(asked.slice(2).toSorted(), ["in advert 0", "in is init", "out advert 0", "out is init"]);
});
