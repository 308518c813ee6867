/** Goal: an operator reads a thing once a minute, and a condition when it begins. Method: instants by hand. */

import t from "tap";
import type { Instant } from "../../src/core/units/time.ts";
import { Noticeboard } from "../../src/failover/noticeboard.ts";

const at = (second: number) => (second * 1_000_000) as Instant;

t.test("the same thing is said once a minute, with how often it was left unsaid", (t) => {
  const board = new Noticeboard();
  t.equal(board.again("ttl", at(0)), 0);
  for (const second of [1, 30, 59.999]) t.equal(board.again("ttl", at(second)), undefined);
  t.equal(board.again("checksum", at(59)), 0, "another thing is another thing");
  t.equal(board.again("ttl", at(60)), 3);
  t.equal(board.again("ttl", at(61)), undefined);
  t.equal(board.again("ttl", at(500)), 1);
  t.end();
});

t.test("of ever new things the oldest is forgotten", (t) => {
  const board = new Noticeboard();
  for (let index = 0; index <= 1_000; index += 1) t.equal(board.again(`${index}`, at(0)), 0);
  t.equal(board.again("1000", at(1)), undefined);
  t.equal(board.again("0", at(1)), 0, "forgotten, so it is new");
  t.end();
});

t.test("a condition is said when it begins and when it changes, not while it lasts", (t) => {
  const board = new Noticeboard();
  t.equal(board.changed("send", undefined), false);
  t.equal(board.changed("send", "EPERM"), true);
  t.equal(board.changed("send", "EPERM"), false);
  t.equal(board.changed("send", "ENOBUFS"), true);
  t.equal(board.changed("send", undefined), false, "its end is not said");
  t.equal(board.changed("send", "ENOBUFS"), true, "but it may begin again");
  t.end();
});

t.test("of ever new conditions the oldest is forgotten, lest forged sources fill the memory", (t) => {
  const board = new Noticeboard();
  for (let index = 0; index <= 1_000; index += 1) t.equal(board.changed(`${index}`, "x"), true);
  t.equal(board.changed("1000", "x"), false);
  t.equal(board.changed("0", "x"), true, "forgotten, so it is new");
  t.end();
});
