/**
 * Goal: a table that the kernel refuses is no trouble any more once nobody asks for it. Method: more addresses than fit into
 * one request.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { FilterKeeper } from "../../src/failover/filter-keeper.ts";
import type { Receiver } from "../../src/linux/receiver.ts";

/** Each takes 16 bytes of a message, and the kernel takes 208 KiB at once. */
const TOO_MANY = Array.from(
  { length: 20_000 },
  (_, index) => `10.0.${index >> 8}.${index & 255}` as IpAddress,
);

t.test("what was refused is neither on record nor asked for again", (t) => {
  const record = join(t.testdir(), "filter.json");
  const told: string[] = [];
  const receiver = { add: () => {}, remove: () => {} } as unknown as Receiver;
  const keeper = new FilterKeeper(record, receiver, {
    event: ({ name }) => told.push(name),
    drift: () => told.push("drift"),
    changed: () => told.push("changed"),
  });
  keeper.drop(TOO_MANY);
  t.ok(keeper.failed);
  t.notOk(existsSync(record), "all or nothing: there is no table");
  keeper.drop([]);
  t.notOk(keeper.failed);
  t.same(told, ["filter-failed", "changed", "changed"]);
  keeper.close();
  t.end();
});
