/** Packets that no healthy router of ours sends. */

import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { seconds } from "../../../src/core/units/time.ts";
import { seal } from "../../../src/core/vrrp/authentication.ts";
import type { VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { encodeIp } from "../../../src/core/wire/ip-packet.ts";
import { encodeAdvert, IPPROTO_VRRP, VRRP_GROUP, VRRP_GROUP6 } from "../../../src/core/wire/vrrp.ts";
import { hmacMd5 } from "../../../src/failover/mac.ts";
import { type Fault, type Striking, someMachine } from "../fault.ts";
import type { Random } from "../random.ts";

const STRANGER = { 4: "192.0.2.250" as IpAddress, 6: "fe80::1:250" as IpAddress };
const GROUP = { 4: VRRP_GROUP, 6: VRRP_GROUP6 };

interface Forgery {
  readonly router: VirtualRouter;
  readonly random: Random;
}

/** A packet for a director, made from a router of its own and changed. */
function forge(
  name: string,
  make: (forgery: Forgery) => Uint8Array,
  suits: (router: VirtualRouter) => boolean = () => true,
): Fault {
  return {
    name,
    strike(striking: Striking) {
      const { world, random } = striking;
      const machine = someMachine(striking);
      const router = random.pick(world.routers(machine));
      if (!suits(router)) return;
      const nic = machine.nics.get(router.interface);
      if (nic === undefined) return;
      for (let count = random.integer(1, 4); count > 0; count -= 1) {
        const bytes = make({ router, random });
        const destination = GROUP[router.family];
        nic.segment.inject(nic.port, { kind: "vrrp", bytes, destination, altered: name });
      }
    },
  };
}

function packet(router: VirtualRouter, priority: number, ttl: number): Uint8Array {
  const addresses = router.addresses.map(({ address }) => address);
  const { version, vrid, advertInterval, family } = router;
  const [source, destination] = [STRANGER[family], GROUP[family]];
  const advert = { version, vrid, priority, advertInterval, addresses };
  const payload = encodeAdvert(advert, source, destination, "message");
  return encodeIp({ source, destination, ttl, protocol: IPPROTO_VRRP, payload });
}

/** Where the VRRP message begins. */
function start({ family }: VirtualRouter): number {
  return family === 6 ? 40 : 20;
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
  const at = start(router) + 6;
  bytes[at] = (bytes[at] ?? 0) ^ random.integer(1, 254);
  return bytes;
});

export const otherVersion = forge(
  "other-version",
  ({ router, random }) =>
    packet(
      { ...router, version: router.version === 2 ? 3 : 2, advertInterval: seconds(2) },
      random.pick([0, 254]),
      255,
    ),
  ({ family }) => family === 4,
);

/** Good in all but its sender, who is none of the peers. */
export const noPeer = forge(
  "no-peer",
  ({ router, random }) => packet(router, random.pick([0, 254]), 255),
  ({ delivery }) => delivery.type === "unicast" && delivery.checkSource,
);

/** Good in all but that it is not authenticated. */
export const unauthenticated = forge(
  "unauthenticated",
  ({ router, random }) => packet(router, random.pick([0, 254]), 255),
  ({ authentication }) => authentication !== undefined,
);

/** Good in all but the key that it is sealed with. */
export const wrongKey = forge(
  "wrong-key",
  ({ router, random }) => {
    const bytes = packet(router, random.pick([0, 254]), 255);
    const type = router.authentication?.type ?? "pass";
    return seal(bytes, { type, key: new TextEncoder().encode("guess") }, 2 ** 32 - 1, hmacMd5);
  },
  ({ authentication, delivery }) => authentication !== undefined && delivery.type === "multicast",
);

/** Noise behind a good header, cut short at times. */
export const garbage = forge("garbage", ({ router, random }) => {
  const bytes = packet(router, 254, 255);
  for (let index = start(router); index < bytes.length; index += 1)
    if (random.chance(0.5)) bytes[index] = random.integer(0, 255);
  return random.chance(0.3) ? bytes.subarray(0, random.integer(0, bytes.length)) : bytes;
});
