/**
 * A second opinion on which packets count, written from the RFCs alone (RFC 9568 §7.1, RFC 3768 §7.1) and sharing no line
 * with the shipped decoder: the simulator's word against the code's.
 */

import type { IpAddress } from "../../src/core/units/ip-address.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";

/** The router that a packet counts for; undefined when it counts for none. */
export function recipient(
  packet: Uint8Array,
  routers: readonly VirtualRouter[],
  ownAddress: IpAddress | undefined,
): VirtualRouter | undefined {
  const at = (index: number) => packet[index] ?? 0;
  const start = (at(0) & 15) * 4;
  const end = at(2) * 256 + at(3);
  if (packet.length < 20 || at(0) >> 4 !== 4 || start < 20 || end < start || end > packet.length)
    return undefined;
  if (at(9) !== 112 || at(8) !== 255) return undefined;
  if ([at(12), at(13), at(14), at(15)].join(".") === ownAddress) return undefined;

  const router = routers.find(({ vrid }) => vrid === at(start + 1));
  const length = end - start;
  if (router === undefined || length < 8) return undefined;
  const version = at(start) >> 4;
  const count = at(start + 3);
  if (version !== router.version || (at(start) & 15) !== 1 || count === 0) return undefined;
  if (length !== 8 + 4 * count + (version === 2 ? 8 : 0)) return undefined;

  let sum = 0;
  for (let index = start; index < end; index += 2) sum += at(index) * 256 + at(index + 1);
  let withAddresses = sum + 112 + length;
  for (let index = 12; index < 20; index += 2) withAddresses += at(index) * 256 + at(index + 1);
  if (!addsUp(sum) && !(version === 3 && addsUp(withAddresses))) return undefined;

  const interval = version === 2 ? at(start + 5) * 100 : (at(start + 4) & 15) * 256 + at(start + 5);
  if (interval === 0 || (version === 2 && at(start + 4) !== 0)) return undefined;
  if (version === 2 && interval * 10_000 !== router.advertInterval) return undefined;
  // An owner heeds nobody but another owner.
  return router.priority === 255 && at(start + 2) !== 255 ? undefined : router;
}

/** In one's complement arithmetic, the sum of correct data and its checksum is all ones. */
function addsUp(sum: number): boolean {
  return sum > 0 && sum % 0xffff === 0;
}
