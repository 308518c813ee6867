/**
 * Goal: what somebody else does to the addresses of this machine is put right, when it can be and not too often. Method: one
 * book with an address that is claimed, and the interfaces as text would draw them.
 */

import t from "tap";
import { seconds, ZERO } from "../../../src/core/units/time.ts";
import { AddressBook } from "../../../src/core/vrrp/address-book.ts";
import type { Interfaces } from "../../../src/core/vrrp/surroundings.ts";
import { at, router, vip } from "./story.ts";

const VIP = vip("192.0.2.100");

function eth0(up: boolean, ...addresses: string[]): Interfaces {
  const own = addresses.map((address) => vip(address));
  return new Map([["eth0", { index: 2, name: "eth0", up, mac: undefined, addresses: own }]]);
}

function claimed(): AddressBook {
  const book = new AddressBook();
  book.takeCharge([router({ addresses: [VIP] })], [], eth0(true));
  book.want([VIP]);
  return book;
}

t.test("an address that went with its interface is looked at when that is up again", (t) => {
  const book = claimed();
  t.same(book.cameUp(eth0(true, "192.0.2.100")), [], "the first look is at what was there before");
  t.same(book.cameUp(eth0(false)), []);
  t.equal(book.wrong(VIP, eth0(false)), undefined, "nothing can be put back while it is down");
  t.same(book.cameUp(eth0(true)), [VIP]);
  t.equal(book.wrong(VIP, eth0(true)), "missing");
  t.same(book.cameUp(eth0(true)), [], "once");
  t.end();
});

t.test("what is taken away again and again is put back at once, and after that once a second", (t) => {
  const book = claimed();
  t.equal(book.putRightIn(VIP, at(10)), ZERO);
  t.equal(book.putRightIn(VIP, at(10.25)), seconds(0.75));
  t.equal(book.putRightIn(vip("192.0.2.101"), at(10.25)), ZERO, "each address by itself");
  t.equal(book.putRightIn(VIP, at(11)), ZERO);
  t.end();
});

t.test("an owner keeps what was there before us, and nobody else does", (t) => {
  const [own, other] = [router({ addresses: [VIP], priority: 255 }), router({ addresses: [VIP] })];
  const keeping = (who: typeof own, earlier: readonly (typeof VIP)[], ...there: string[]): boolean => {
    const book = new AddressBook();
    book.takeCharge([who], earlier, eth0(true, ...there));
    return book.keeps(who);
  };
  t.equal(keeping(own, [], "192.0.2.100"), true);
  t.equal(keeping(own, [VIP], "192.0.2.100"), false, "an earlier life's");
  t.equal(keeping(own, []), false, "not there");
  t.equal(keeping(other, [], "192.0.2.100"), false, "no owner");
  t.end();
});
