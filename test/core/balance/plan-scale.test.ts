/**
 * Goal: with 200 services of 50 real servers each the plan is right, and its time grows with the size of the table, not with
 * its square.
 * Method: random tables of that size from one seed each, applied to a kernel that behaves, and a limit to the time.
 */

import assert from "node:assert/strict";
import t from "tap";
import { plan } from "../../../src/core/balance/plan.ts";
import { serviceKey } from "../../../src/core/balance/service.ts";
import { desiredTable, type Table } from "../../../src/core/balance/table.ts";
import { ModelKernel } from "./model-kernel.ts";
import { ip, realServer, virtualServer, WEB } from "./servers.ts";

const SERVICES = 200;
const SERVERS = 50;
const SEEDS = 5;
/** What a table of this size may cost, in seconds: it is some milliseconds on any machine, and half a minute if quadratic. */
const PLAN_S_MAX = 5;

/** Numbers below 1 that follow from a seed (the Lehmer generator of Park and Miller). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Each service and real server is there with a chance of `share`, each real server with one of three weights. */
function tableOf(random: () => number, share: number, services = SERVICES): Table {
  const virtuals = Array.from({ length: services }, (_, index) =>
    virtualServer(
      { ...WEB, address: ip(`192.0.${2 + (index >> 8)}.${index & 255}`) },
      Array.from({ length: SERVERS }, (_, host) =>
        realServer(1, { address: ip(`10.${index}.0.${host + 1}`), weight: Math.floor(random() * 3) }),
      ).filter(() => random() < share),
    ),
  ).filter(() => random() < share || share === 1);
  return desiredTable(virtuals, ({ realServers }) => ({
    hasQuorum: true,
    share: (index) => ({ weight: realServers[index]?.weight, drain: undefined }),
  }));
}

/** Seconds. */
function timed(work: () => void): number {
  const before = performance.now();
  work();
  return (performance.now() - before) / 1_000;
}

for (let seed = 1; seed <= SEEDS; seed += 1) {
  t.test(`seed ${seed}: from any table to any other`, async (t) => {
    const random = numbers(seed);
    const observed = tableOf(random, 0.8);
    const desired = tableOf(random, 0.8);
    const owned = [...tableOf(random, 0.5).values()].map(({ id }) => id);
    const kernel = new ModelKernel(observed);
    let operations = plan(new Map(), new Map(), []);
    const seconds = timed(() => {
      operations = plan(desired, observed, owned);
    });
    for (const operation of operations) assert.equal(kernel.apply(operation), undefined);
    t.strictSame(plan(desired, kernel.table(), owned), []);
    const ours = new Set(owned.map(serviceKey));
    const foreign = [...observed].filter(([key]) => !desired.has(key) && !ours.has(key));
    t.equal(kernel.text(), new ModelKernel(new Map([...foreign, ...desired])).text());
    t.ok(seconds < PLAN_S_MAX, `${operations.length} operations in ${seconds.toFixed(3)} s`);
  });
}

t.test("a change of one of ten thousand is one operation", async (t) => {
  const before = tableOf(() => 0.5, 1);
  const [first] = before.values();
  const [key, destination] = [...(first?.destinations ?? [])][17] ?? [];
  if (first === undefined || key === undefined || destination === undefined) throw new Error("it is there");
  const changed = { ...destination, settings: { ...destination.settings, weight: 7 } };
  const after = new Map(before).set(serviceKey(first.id), {
    ...first,
    destinations: new Map(first.destinations).set(key, changed),
  });
  t.match(
    plan(
      after,
      before,
      [...before.values()].map(({ id }) => id),
    ),
    [{ type: "edit-destination", destination: destination.id, settings: { weight: 7 } }],
  );
  t.equal(plan(after, before, []).length, 1);
});
