/** Goal: what an operator is told of an accepted advert. Method: one difference at a time. */

import t from "tap";
import { centiseconds } from "../../../src/core/units/time.ts";
import { addressMismatch, advertisedAddresses, intervalMismatch } from "../../../src/core/vrrp/mismatch.ts";
import { advertOf, ip, router, vip } from "./story.ts";

const TWO = router({ addresses: [vip("192.0.2.100"), vip("198.51.100.1", "eth1")] });

t.test("the master's interval, in seconds, when it is not ours", (t) => {
  t.equal(intervalMismatch(router(), advertOf()), undefined);
  t.equal(intervalMismatch(router(), advertOf({ advertInterval: centiseconds(50) })), 0.5);
  t.end();
});

t.test("all addresses are named in adverts, whatever interface they are on", (t) => {
  t.same(advertisedAddresses(TWO), ["192.0.2.100", "198.51.100.1"]);
  t.end();
});

t.test("an excluded address is neither named nor expected", (t) => {
  const excluded = { ...vip("192.0.2.101"), excluded: true } as const;
  const withOne = router({ addresses: [vip("192.0.2.100"), excluded] });
  t.same(advertisedAddresses(withOne), ["192.0.2.100"]);
  t.equal(addressMismatch(withOne, advertOf()), undefined);
  t.end();
});

t.test("the master's addresses when they are not ours; their order does not matter", (t) => {
  const theirs = (...addresses: string[]) => addressMismatch(TWO, advertOf({ addresses: addresses.map(ip) }));
  t.equal(theirs("198.51.100.1", "192.0.2.100"), undefined);
  t.same(theirs("192.0.2.100"), ["192.0.2.100"], "one is missing");
  t.same(theirs("192.0.2.100", "192.0.2.101"), ["192.0.2.100", "192.0.2.101"], "one is another");
  t.same(
    theirs("192.0.2.100", "198.51.100.1", "192.0.2.101"),
    ["192.0.2.100", "198.51.100.1", "192.0.2.101"],
    "one is too many",
  );
  t.end();
});
