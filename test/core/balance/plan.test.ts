/**
 * Goal: whatever the kernel's table is and whatever is asked for, the plan leads from one to the other, is refused
 * nowhere, touches nobody else's, and leaves no service without work to give in between.
 * Method: plans as text for the cases a reader wants to see; random tables against a kernel that behaves.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { planSummary, planText } from "../../../src/core/balance/plan-text.ts";
import { plan, subject } from "../../../src/core/balance/plan.ts";
import {
  type Destination,
  destinationKey,
  desiredTable,
  type DestinationSettings,
  type Service,
  serviceKey,
  type ServiceId,
  plainSettings,
  type Table,
} from "../../../src/core/balance/table.ts";
import type { RealServer, VirtualServer } from "../../../src/core/balance/model.ts";
import type { Ipv4 } from "../../../src/core/units/ipv4.ts";
import { ModelKernel } from "./model-kernel.ts";

const WEB: ServiceId = { protocol: "tcp", address: "192.0.2.100" as Ipv4, port: 80 };
const DNS: ServiceId = { protocol: "udp", address: "192.0.2.100" as Ipv4, port: 53 };

function real(host: number, weight = 1, inhibitOnFailure = true): RealServer {
  return {
    address: `198.51.100.${host}` as Ipv4,
    port: 80,
    weight,
    method: "nat",
    inhibitOnFailure,
    checks: [],
  };
}

function virtual(...realServers: readonly RealServer[]): VirtualServer {
  return { ...WEB, scheduler: "wlc", realServers };
}

const everybodyUp = (): boolean => true;
const nobodyUp = (): boolean => false;

t.test("an empty table is filled, the service first", async (t) => {
  const desired = desiredTable([virtual(real(21), real(22, 3))], everybodyUp);
  t.strictSame(planText(plan(desired, new Map(), [])), [
    "-A -t 192.0.2.100:80 -s wlc",
    "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
    "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 3",
  ]);
});

t.test("who is down has weight 0 or is left out, as configured", async (t) => {
  const up = desiredTable([virtual(real(21), real(22, 1, false))], everybodyUp);
  const down = desiredTable([virtual(real(21), real(22, 1, false))], nobodyUp);
  t.strictSame(planText(plan(down, up, [])), [
    "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 0",
    "-d -t 192.0.2.100:80 -r 198.51.100.22:80",
  ]);
});

t.test("who takes work comes before who loses it", async (t) => {
  const before = desiredTable([virtual(real(21), real(22, 0), real(23))], everybodyUp);
  const after = desiredTable([virtual(real(21, 0), real(22, 1), real(24))], everybodyUp);
  t.strictSame(planText(plan(after, before, [])), [
    "-e -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 1",
    "-a -t 192.0.2.100:80 -r 198.51.100.24:80 -m -w 1",
    "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 0",
    "-d -t 192.0.2.100:80 -r 198.51.100.23:80",
  ]);
});

t.test("a service of ours that is no longer asked for goes, somebody else's stays", async (t) => {
  const observed = desiredTable(
    [virtual(real(21)), { ...DNS, scheduler: "rr", realServers: [real(53)] }],
    everybodyUp,
  );
  t.strictSame(planText(plan(new Map(), observed, [WEB, WEB])), ["-D -t 192.0.2.100:80"]);
  t.strictSame(plan(new Map(), observed, []), []);
});

t.test("what somebody set on a service that is configured as ours is put right", async (t) => {
  const desired = desiredTable([virtual(real(21))], everybodyUp);
  const service = desired.get(serviceKey(WEB)) as Service;
  const theirs: Destination = {
    id: { address: "2001:db8:0:0:0:0:0:1", port: 80 },
    settings: { method: "tunnel", weight: 5, upperThreshold: 9, lowerThreshold: 3 },
  };
  const observed: Table = new Map([
    [
      serviceKey(WEB),
      {
        id: WEB,
        settings: { ...service.settings, flags: 1, timeout: 360 },
        destinations: new Map([...service.destinations, [destinationKey(theirs.id), theirs]]),
      },
    ],
  ]);
  const operations = plan(desired, observed, []);
  t.strictSame(planText(operations), [
    "-E -t 192.0.2.100:80 -s wlc",
    "-d -t 192.0.2.100:80 -r [2001:db8:0:0:0:0:0:1]:80",
  ]);
  t.strictSame(operations.map(subject), [
    "tcp 192.0.2.100:80",
    "tcp 192.0.2.100:80 [2001:db8:0:0:0:0:0:1]:80",
  ]);
});

t.test("a long plan is shortened for a log line", async (t) => {
  const operations = plan(desiredTable([virtual(real(21), real(22))], everybodyUp), new Map(), []);
  t.strictSame(planSummary(operations, 1), ["-A -t 192.0.2.100:80 -s wlc", "… and 2 more"]);
  t.strictSame(planSummary(operations, 3), planText(operations));
});

const serviceId: fc.Arbitrary<ServiceId> = fc.record({
  protocol: fc.constantFrom("tcp" as const, "udp" as const),
  address: fc.constantFrom("192.0.2.100" as Ipv4, "192.0.2.101" as Ipv4),
  port: fc.constantFrom(80, 443),
});
const destinationSettings: fc.Arbitrary<DestinationSettings> = fc.record({
  method: fc.constantFrom("nat" as const, "dr" as const),
  weight: fc.nat(2),
  upperThreshold: fc.nat(1),
  lowerThreshold: fc.constant(0),
});
const destination: fc.Arbitrary<Destination> = fc.record({
  id: fc.record({ address: fc.nat(5).map((host) => `198.51.100.${host}`), port: fc.constant(80) }),
  settings: destinationSettings,
});
const service: fc.Arbitrary<Service> = fc.record({
  id: serviceId,
  settings: fc.constantFrom("rr", "wlc").map(plainSettings),
  destinations: fc
    .array(destination, { maxLength: 5 })
    .map((list) => new Map(list.map((one) => [destinationKey(one.id), one]))),
});
const table: fc.Arbitrary<Table> = fc
  .array(service, { maxLength: 6 })
  .map((list) => new Map(list.map((one) => [serviceKey(one.id), one])));
const owned = fc.array(serviceId, { maxLength: 4 });

function hasWork(service: Service | undefined): boolean {
  return [...(service?.destinations.values() ?? [])].some(({ settings }) => settings.weight > 0);
}

function hasAny(service: Service | undefined): boolean {
  return (service?.destinations.size ?? 0) > 0;
}

t.test("any plan leads to what is asked for, is refused nowhere and touches nobody else's", async () => {
  fc.assert(
    fc.property(table, table, owned, (desired, observed, owned) => {
      const kernel = new ModelKernel(observed);
      for (const operation of plan(desired, observed, owned))
        assert.equal(kernel.apply(operation), undefined);
      const reached = kernel.table();
      assert.deepEqual(plan(desired, reached, owned), [], "nothing is left to do");
      const foreign = [...observed].filter(
        ([key]) => !desired.has(key) && !owned.some((id) => serviceKey(id) === key),
      );
      const expected = new ModelKernel(new Map([...foreign, ...desired]));
      assert.equal(kernel.text(), expected.text());
    }),
  );
});

t.test("no service that keeps destinations, or work to give, is without in between", async () => {
  fc.assert(
    fc.property(table, table, (desired, observed) => {
      const kernel = new ModelKernel(observed);
      const keptWith = (has: (service: Service | undefined) => boolean): string[] =>
        [...desired.keys()].filter((key) => has(desired.get(key)) && has(observed.get(key)));
      const kept = [hasAny, hasWork].map((has) => ({ has, keys: keptWith(has) }));
      for (const operation of plan(desired, observed, [])) {
        kernel.apply(operation);
        const now = kernel.table();
        for (const { has, keys } of kept) for (const key of keys) assert.ok(has(now.get(key)), key);
      }
    }),
  );
});
