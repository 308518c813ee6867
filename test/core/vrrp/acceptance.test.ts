/**
 * Goal: what is to be dropped is known, and a table is made and removed as a whole. Method: routers by hand; what the
 * kernel makes of the table is seen in test/net.
 */

import t from "tap";
import { filterTables, unacceptedAddresses } from "../../../src/core/vrrp/acceptance.ts";
import { tableOf } from "../../../src/core/wire/nftables.ts";
import { ip, router, vip } from "./story.ts";

t.test("the addresses of routers that do not accept, each once, in order", (t) => {
  const accepting = router({ addresses: [vip("192.0.2.1")] });
  const other = router({
    accept: false,
    addresses: [vip("192.0.2.9"), { ...vip("192.0.2.8"), excluded: true }],
  });
  t.strictSame(unacceptedAddresses([accepting, other, other]), ["192.0.2.8", "192.0.2.9"]);
  t.strictSame(unacceptedAddresses([accepting]), []);
  t.end();
});

t.test("a table for each family; one that has no addresses any more is removed", (t) => {
  const both = filterTables([ip("192.0.2.9"), ip("2001:db8::9")], []);
  t.ok(both.every((request) => tableOf(request) === "relevo"));
  // NFPROTO_IPV4 and NFPROTO_IPV6.
  t.strictSame([...new Set(both.map(({ data }) => data[0]))], [2, 10]);
  t.strictSame([...new Set(filterTables([ip("192.0.2.9")], []).map(({ data }) => data[0]))], [2]);
  // NFT_MSG_NEWTABLE and NFT_MSG_DELTABLE of subsystem 10.
  t.strictSame(
    filterTables([], [6]).map(({ type, data }) => [type, data[0]]),
    [
      [0xa00, 10],
      [0xa02, 10],
    ],
  );
  t.strictSame(filterTables([], []), []);
  t.equal(tableOf({ type: 0x10, data: Uint8Array.of(0, 0, 0, 10) }), undefined);
  t.equal(tableOf({ type: 0xa00, data: Uint8Array.of(1, 0) }), undefined);
  t.end();
});

t.test("no message is too long, however many addresses there are", (t) => {
  const many = Array.from({ length: 2_500 }, (_, index) => ip(`10.1.${index >> 8}.${index & 255}`));
  for (const { data } of filterTables(many, [])) t.ok(data.length < 65_000);
  t.end();
});
