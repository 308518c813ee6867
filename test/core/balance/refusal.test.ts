/**
 * Goal: whatever the kernel answers, an operator reads what it means for that service or real server, and what to do.
 * Method: each errno of ip_vs_ctl.c with the operation that it comes from.
 */

import t from "tap";
import type { Operation } from "../../../src/core/balance/plan.ts";
import { explain } from "../../../src/core/balance/refusal.ts";
import {
  readServiceId,
  type ServiceId,
  serviceFamily,
  serviceKey,
} from "../../../src/core/balance/service.ts";
import { type DestinationSettings, serviceSettings } from "../../../src/core/balance/table.ts";
import { ip, IPIP, natSettings, virtualServer, WEB } from "./servers.ts";

const plain = virtualServer(WEB, [], { scheduler: "mh" });

function adding(given: Partial<typeof plain> = {}): Operation {
  return { type: "add-service", service: WEB, settings: serviceSettings({ ...plain, ...given }, 4) };
}

function destination(address: string, settings: Partial<DestinationSettings> = {}): Operation {
  const id = { address: ip(address), port: 80 };
  return { type: "add-destination", service: WEB, destination: id, settings: natSettings(settings) };
}

t.test("a module that is missing is named, with what loads it", async (t) => {
  t.strictSame(explain(adding(), "ENOENT"), {
    cause: "the kernel has no scheduler mh, and its module ip_vs_mh could not be loaded",
    cure: "install the kernel's modules and try modprobe ip_vs_mh, or choose another lvs_sched",
  });
  const sip = { timeout: 60, prefixLength: 32, engine: "sip" } as const;
  t.match(explain(adding({ persistence: sip }), "ENOENT"), {
    cause: /scheduler mh or the persistence engine sip/,
    cure: /modprobe -a ip_vs_mh ip_vs_pe_sip/,
  });
});

t.test("each other errno says what it means where it came from", async (t) => {
  for (const [operation, errno, cause] of [
    [adding(), "EAFNOSUPPORT", /does not know IPv6/],
    [adding(), "EINVAL", /netmask/],
    [adding(), "EFAULT", /the protocol tcp/],
    [destination("2001:db8::1"), "EINVAL", /of the other address family/],
    [destination("198.51.100.21"), "EINVAL", /that no real server can have$/],
    [
      destination("198.51.100.21", { method: "tunnel", tunnel: { ...IPIP, type: "gue" } }),
      "EINVAL",
      /or does not know gue tunnels/,
    ],
    [destination("198.51.100.21"), "ERANGE", /a weight or a threshold of 198\.51\.100\.21:80/],
    [destination("198.51.100.21"), "EPERM", /not permitted/],
    [adding(), "EPERM", /not permitted/],
    [adding(), "ENOMEM", /no memory/],
    [{ type: "delete-service", service: WEB }, "EBUSY", /by somebody else/],
    [{ type: "delete-service", service: WEB }, "EXDEV", /answered EXDEV/],
  ] as const) {
    const told = explain(operation, errno);
    t.match(told.cause, cause, errno);
    t.ok(told.cure.length > 10);
  }
});

t.test("an identity comes back from the record as it went there", async (t) => {
  const ids: readonly ServiceId[] = [
    WEB,
    { protocol: "sctp", address: ip("2001:db8::100"), port: 0 },
    { fwmark: 7, family: 4 },
    { fwmark: 7, family: 6 },
  ];
  for (const id of ids) t.strictSame(readServiceId(JSON.parse(JSON.stringify(id))), id);
  t.strictSame(ids.map(serviceKey), [
    "tcp 192.0.2.100:80",
    "sctp [2001:db8::100]:0",
    "fwmark 7",
    "fwmark 7 inet6",
  ]);
  t.strictSame(ids.map(serviceFamily), [4, 6, 4, 6]);
  for (const damaged of [
    {},
    { ...WEB, port: "80" },
    { ...WEB, address: "x" },
    { ...WEB, protocol: "x" },
    { fwmark: 1 },
  ])
    t.equal(readServiceId(damaged), undefined);
});
