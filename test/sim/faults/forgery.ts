/** Packets that no healthy router of ours sends. */

import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import { seconds } from "../../../src/core/units/time.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { encodeIpv4 } from "../../../src/core/wire/ipv4.ts";
import { encodeAdvert, IPPROTO_VRRP, VRRP_GROUP } from "../../../src/core/wire/vrrp.ts";
import { type Fault, type Striking, someMachine } from "../fault.ts";
import type { Random } from "../random.ts";

const STRANGER = "192.0.2.250" as Ipv4;

interface Forgery {
  readonly router: VirtualRouter;
  readonly random: Random;
}

/** A packet for a director, made from a router of its own and changed. */
function forge(name: string, make: (forgery: Forgery) => Uint8Array): Fault {
  return {
    name,
    strike(striking: Striking) {
      const { world, random } = striking;
      const machine = someMachine(striking);
      const router = random.pick(world.files.get(machine) ?? []);
      const nic = machine.nics.get(router.interface);
      if (nic === undefined) return;
      for (let count = random.integer(1, 4); count > 0; count -= 1) {
        const bytes = make({ router, random });
        nic.segment.inject(nic.port, { kind: "ipv4", bytes, altered: name });
      }
    },
  };
}

function packet(router: VirtualRouter, priority: number, ttl: number): Uint8Array {
  const addresses = router.addresses.map(({ address }) => address);
  const { version, vrid, advertInterval } = router;
  const advert = { version, vrid, priority, advertInterval, addresses };
  const payload = encodeAdvert(advert, STRANGER, VRRP_GROUP, "message");
  return encodeIpv4({ source: STRANGER, destination: VRRP_GROUP, ttl, protocol: IPPROTO_VRRP, payload });
}

/** Good in all but its time to live: it comes from beyond the link. */
export const fromAfar = forge("from-afar", ({ router, random }) =>
  packet(router, random.pick([0, 254, 255]), random.pick([0, 1, 64, 254])),
);

export const foreignRouter = forge("foreign-router", ({ router, random }) =>
  packet({ ...router, vrid: random.integer(100, 255) }, random.pick([0, 200, 255]), 255),
);

export const wrongChecksum = forge("wrong-checksum", ({ router, random }) => {
  const bytes = packet(router, random.pick([0, 254]), 255);
  bytes[26] = (bytes[26] ?? 0) ^ random.integer(1, 254);
  return bytes;
});

export const otherVersion = forge("other-version", ({ router, random }) =>
  packet(
    { ...router, version: router.version === 2 ? 3 : 2, advertInterval: seconds(2) },
    random.pick([0, 254]),
    255,
  ),
);

/** Noise behind a good header, cut short at times. */
export const garbage = forge("garbage", ({ router, random }) => {
  const bytes = packet(router, 254, 255);
  for (let index = 20; index < bytes.length; index += 1)
    if (random.chance(0.5)) bytes[index] = random.integer(0, 255);
  return random.chance(0.3) ? bytes.subarray(0, random.integer(0, bytes.length)) : bytes;
});
