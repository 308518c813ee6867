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
import { type ServiceId, serviceFamily, serviceKey } from "../../../src/core/balance/service.ts";
import {
  type Destination,
  destinationKey,
  type DestinationSettings,
  type Service,
  type ServiceSettings,
  serviceSettings,
  type Table,
} from "../../../src/core/balance/table.ts";
import type { RealServer, Tunnel, VirtualServer } from "../../../src/core/balance/model.ts";
import { ModelKernel } from "./model-kernel.ts";
import { ip, IPIP, natSettings, realServer, tableOf, virtualServer, WEB } from "./servers.ts";

const DNS: ServiceId = { protocol: "udp", address: ip("192.0.2.100"), port: 53 };

function real(host: number, weight = 1, inhibitOnFailure = true): RealServer {
  return realServer(host, { weight, inhibitOnFailure });
}

function virtual(...realServers: readonly RealServer[]): VirtualServer {
  return virtualServer(WEB, realServers);
}

const nobodyUp = (): boolean => false;

t.test("an empty table is filled, the service first", async (t) => {
  const desired = tableOf([virtual(real(21), real(22, 3))]);
  t.strictSame(planText(plan(desired, new Map(), [])), [
    "-A -t 192.0.2.100:80 -s wlc",
    "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
    "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 3",
  ]);
});

t.test("who is down has weight 0 or is left out, as configured", async (t) => {
  const up = tableOf([virtual(real(21), real(22, 1, false))]);
  const down = tableOf([virtual(real(21), real(22, 1, false))], nobodyUp);
  t.strictSame(planText(plan(down, up, [])), [
    "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 0",
    "-d -t 192.0.2.100:80 -r 198.51.100.22:80",
  ]);
});

t.test("who takes work comes before who loses it", async (t) => {
  const before = tableOf([virtual(real(21), real(22, 0), real(23))]);
  const after = tableOf([virtual(real(21, 0), real(22, 1), real(24))]);
  t.strictSame(planText(plan(after, before, [])), [
    "-e -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 1",
    "-a -t 192.0.2.100:80 -r 198.51.100.24:80 -m -w 1",
    "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 0",
    "-d -t 192.0.2.100:80 -r 198.51.100.23:80",
  ]);
});

t.test("a service of ours that is no longer asked for goes, somebody else's stays", async (t) => {
  const observed = tableOf([virtual(real(21)), virtualServer(DNS, [real(53)], { scheduler: "rr" })]);
  t.strictSame(planText(plan(new Map(), observed, [WEB, WEB])), ["-D -t 192.0.2.100:80"]);
  t.strictSame(plan(new Map(), observed, []), []);
});

t.test("what somebody set on a service that is configured as ours is put right", async (t) => {
  const desired = tableOf([virtual(real(21))]);
  const service = desired.get(serviceKey(WEB)) as Service;
  const theirs: Destination = {
    id: { address: ip("2001:db8::1"), port: 80 },
    settings: { method: "tunnel", tunnel: IPIP, weight: 5, upperThreshold: 9, lowerThreshold: 3 },
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
    "-d -t 192.0.2.100:80 -r [2001:db8::1]:80",
  ]);
  t.strictSame(operations.map(subject), ["tcp 192.0.2.100:80", "tcp 192.0.2.100:80 [2001:db8::1]:80"]);
});

t.test("a long plan is shortened for a log line", async (t) => {
  const operations = plan(tableOf([virtual(real(21), real(22))]), new Map(), []);
  t.strictSame(planSummary(operations, 1), ["-A -t 192.0.2.100:80 -s wlc", "… and 2 more"]);
  t.strictSame(planSummary(operations, 3), planText(operations));
});

const serviceId: fc.Arbitrary<ServiceId> = fc.oneof(
  fc.record({
    protocol: fc.constantFrom("tcp" as const, "udp" as const, "sctp" as const),
    address: fc.constantFrom(ip("192.0.2.100"), ip("2001:db8::100")),
    port: fc.constantFrom(0, 80),
  }),
  fc.record({ fwmark: fc.constantFrom(1, 2), family: fc.constantFrom(4 as const, 6 as const) }),
);
const tunnel: fc.Arbitrary<Tunnel> = fc.constantFrom(
  IPIP,
  { type: "gue", port: 6080, checksum: "csum" },
  { type: "gue", port: 6081, checksum: "csum" },
  { type: "gre", port: 0, checksum: "nocsum" },
);
const route = fc.oneof(
  fc.record({
    method: fc.constantFrom("nat" as const, "dr" as const),
    tunnel: fc.constant(undefined),
  }),
  fc.record({ method: fc.constant("tunnel" as const), tunnel }),
);
const destinationSettings: fc.Arbitrary<DestinationSettings> = fc
  .record({ weight: fc.nat(2), upperThreshold: fc.nat(2), lowerThreshold: fc.nat(2), route })
  .map(({ route, ...rest }) => ({ ...rest, ...route }))
  .filter(({ lowerThreshold, upperThreshold }) => lowerThreshold <= upperThreshold);
/** Of the service's family, or of either through a tunnel. */
const destinationFor = (id: ServiceId): fc.Arbitrary<Destination> =>
  fc
    .record({
      id: fc.record({
        address: fc
          .tuple(fc.boolean(), fc.nat(5))
          .map(([six, host]) => ip(six ? `2001:db8::${host + 1}` : `198.51.100.${host}`)),
        port: fc.constantFrom(0, 80),
      }),
      settings: destinationSettings,
    })
    .filter(({ id: { address }, settings }) => {
      const isIpv6 = address.includes(":");
      return settings.method === "tunnel" || isIpv6 === (serviceFamily(id) === 6);
    });
const settingsFor = (id: ServiceId): fc.Arbitrary<ServiceSettings> =>
  fc
    .record({
      scheduler: fc.constantFrom("rr" as const, "wlc" as const, "mh" as const),
      schedulerFlags: fc.subarray([1, 2, 3] as const),
      onePacket: fc.boolean(),
      persistence: fc.option(
        fc.record({
          timeout: fc.integer({ min: 1, max: 2 }),
          prefixLength: fc.constantFrom(24, 32),
          engine: fc.constantFrom("sip" as const, undefined),
        }),
        { nil: undefined },
      ),
    })
    .map((virtual) => serviceSettings(virtual, serviceFamily(id)));
const service: fc.Arbitrary<Service> = serviceId.chain((id) =>
  fc.record({
    id: fc.constant(id),
    settings: settingsFor(id),
    destinations: fc
      .array(destinationFor(id), { maxLength: 5 })
      .map((list) => new Map(list.map((one) => [destinationKey(one.id), one]))),
  }),
);
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

t.test(
  "an identity is never touched: what changes about a service or a real server is an edit",
  async (t) => {
    const before = tableOf([virtualServer(WEB, [realServer(21), realServer(22)])]);
    const after = tableOf([
      virtualServer(
        WEB,
        [
          realServer(21, { method: "dr", upperThreshold: 9, lowerThreshold: 3 }),
          realServer(22, { method: "tunnel" }),
        ],
        {
          scheduler: "mh",
          schedulerFlags: [1, 2],
          onePacket: true,
          persistence: { timeout: 360, prefixLength: 24, engine: "sip" },
        },
      ),
    ]);
    t.strictSame(planText(plan(after, before, [])), [
      "-E -t 192.0.2.100:80 -s mh -b flag-1,flag-2 -p 360 -M 255.255.255.0 --pe sip -o",
      "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -g -w 1 -x 9 -y 3",
      "-e -t 192.0.2.100:80 -r 198.51.100.22:80 -i -w 1",
    ]);
  },
);

t.test("another port, address, mark, protocol or family is another service", async (t) => {
  const ids: readonly ServiceId[] = [
    WEB,
    { ...WEB, port: 0 },
    { ...WEB, protocol: "sctp" },
    { ...WEB, address: ip("2001:db8::100") },
    { fwmark: 7, family: 4 },
    { fwmark: 7, family: 6 },
  ];
  const tables = tableOf(ids.map((id) => virtualServer(id, [])));
  t.strictSame(planText(plan(tables, new Map(), [])), [
    "-A -t 192.0.2.100:80 -s wlc",
    "-A -t 192.0.2.100:0 -s wlc",
    "-A --sctp-service 192.0.2.100:80 -s wlc",
    "-A -t [2001:db8::100]:80 -s wlc",
    "-A -f 7 -s wlc",
    "-A -f 7 -6 -s wlc",
  ]);
  for (const id of ids) {
    const others = tableOf(ids.filter((other) => other !== id).map((other) => virtualServer(other, [])));
    t.strictSame(
      plan(new Map(), tables, [id]).map(subject),
      [serviceKey(id)],
      "each can be deleted by itself",
    );
    t.equal(plan(tables, others, []).length, 1);
  }
});

t.test("tunnels of another type, port or checksum are edits, and in ipvsadm's words", async (t) => {
  const through = (tunnel: Tunnel): Table => tableOf([virtual(realServer(21, { method: "tunnel", tunnel }))]);
  const gue: Tunnel = { type: "gue", port: 6080, checksum: "csum" };
  const texts = [
    IPIP,
    gue,
    { ...gue, port: 6081 },
    { ...gue, checksum: "remcsum" },
    { ...IPIP, type: "gre" },
  ] as const;
  t.strictSame(
    texts.map((tunnel) => planText(plan(through(tunnel), through({ ...gue, port: 1 }), []))),
    [
      ["-e -t 192.0.2.100:80 -r 198.51.100.21:80 -i -w 1"],
      ["-e -t 192.0.2.100:80 -r 198.51.100.21:80 -i --tun-type gue --tun-port 6080 --tun-csum -w 1"],
      ["-e -t 192.0.2.100:80 -r 198.51.100.21:80 -i --tun-type gue --tun-port 6081 --tun-csum -w 1"],
      ["-e -t 192.0.2.100:80 -r 198.51.100.21:80 -i --tun-type gue --tun-port 6080 --tun-remcsum -w 1"],
      ["-e -t 192.0.2.100:80 -r 198.51.100.21:80 -i --tun-type gre --tun-nocsum -w 1"],
    ],
  );
});

t.test("a quorum that is lost puts the sorry server in before it takes the others out", async (t) => {
  const sorryServer = { address: ip("198.51.100.9"), port: 80, method: "nat", tunnel: undefined } as const;
  const servers = [real(21), real(22, 1, false), real(23)];
  const isUp = ({ address }: RealServer): boolean => address !== "198.51.100.23";
  const within = (inhibit: boolean, hasQuorum: boolean): Table =>
    tableOf([virtualServer(WEB, servers, { sorryServer: { ...sorryServer, inhibit } })], isUp, hasQuorum);
  t.strictSame(planText(plan(within(false, false), within(false, true), [])), [
    "-a -t 192.0.2.100:80 -r 198.51.100.9:80 -m -w 1",
    "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 0",
    "-d -t 192.0.2.100:80 -r 198.51.100.22:80",
  ]);
  t.strictSame(planText(plan(within(false, true), within(false, false), [])), [
    "-e -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
    "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 1",
    "-d -t 192.0.2.100:80 -r 198.51.100.9:80",
  ]);
  t.strictSame(
    planText(plan(within(true, true), within(true, false), [])).at(-1),
    "-e -t 192.0.2.100:80 -r 198.51.100.9:80 -m -w 0",
    "with sorry_server_inhibit it stays",
  );
  const without = tableOf([virtualServer(WEB, servers)], isUp, false);
  t.strictSame(
    plan(without, tableOf([virtualServer(WEB, servers)], isUp), []),
    [],
    "nothing to take their place",
  );
});

t.test("a real server without a port of its own has that of each service", async (t) => {
  const services: readonly ServiceId[] = [WEB, { ...WEB, port: 443 }, { fwmark: 7, family: 4 }];
  const group = virtualServer(WEB, [realServer(21, { port: undefined })], { services });
  t.strictSame(
    planText(plan(tableOf([group]), new Map(), [])).filter((line) => line.startsWith("-a")),
    [
      "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
      "-a -t 192.0.2.100:443 -r 198.51.100.21:443 -m -w 1",
      "-a -f 7 -r 198.51.100.21:0 -m -w 1",
    ],
  );
});

t.test("the kernel's rules on destinations are the model's", async (t) => {
  const kernel = new ModelKernel(tableOf([virtual()]));
  const add = (address: string, settings: Partial<DestinationSettings>) =>
    kernel.apply({
      type: "add-destination",
      service: WEB,
      destination: { address: ip(address), port: 80 },
      settings: natSettings(settings),
    });
  t.equal(add("2001:db8::1", {}), "EINVAL", "another family");
  t.equal(add("2001:db8::1", { method: "tunnel", tunnel: IPIP }), undefined);
  t.equal(add("198.51.100.1", { upperThreshold: 1, lowerThreshold: 2 }), "ERANGE");
  t.equal(add("255.255.255.255", {}), "EINVAL", "no unicast address");
  t.equal(add("198.51.100.2", { method: "tunnel", tunnel: { ...IPIP, type: "gue" } }), "EINVAL", "no port");
});
