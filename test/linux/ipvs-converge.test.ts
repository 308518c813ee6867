/**
 * Goal: the table is reached although others change it at the same time, and what the kernel refuses does not keep the
 * rest from being done.
 * Method: the loop on a kernel that behaves, into which a test reaches between a look and a change.
 */

import t from "tap";
import type { VirtualServer } from "../../src/core/balance/model.ts";
import { operationText, planText } from "../../src/core/balance/plan-text.ts";
import type { Operation } from "../../src/core/balance/plan.ts";
import { type AddressService, type ServiceId, serviceKey } from "../../src/core/balance/service.ts";
import { NetlinkLost } from "../../src/linux/generic-netlink-socket.ts";
import { converge } from "../../src/linux/ipvs-converge.ts";
import type { Ipvs } from "../../src/linux/ipvs.ts";
import { ModelKernel } from "../core/balance/model-kernel.ts";
import { ip, realServer, tableOf as tableOfList, virtualServer } from "../core/balance/servers.ts";
import { onKernel } from "./model-ipvs.ts";

const WEB: AddressService = { protocol: "tcp", address: ip("192.0.2.100"), port: 80 };
const MAIL: AddressService = { ...WEB, port: 25 };

function virtual(id: ServiceId, ...hosts: readonly number[]): VirtualServer {
  return virtualServer(
    id,
    hosts.map((host) => realServer(host, { method: "dr" })),
    { scheduler: "rr" },
  );
}

function tableOf(...virtualServers: readonly VirtualServer[]) {
  return tableOfList(virtualServers);
}

t.test("what is asked for is reached, and looked at once more", async (t) => {
  const kernel = new ModelKernel(tableOf(virtual(MAIL, 25)));
  const result = await converge(onKernel(kernel), tableOf(virtual(WEB, 21, 22)), []);
  t.match(result, { settled: true, refusals: [], done: { length: 3 } });
  t.equal(result.found.size, 1);
  t.strictSame([...kernel.table().keys()], [MAIL, WEB].map(serviceKey));
  const again = await converge(onKernel(kernel), tableOf(virtual(WEB, 21, 22)), []);
  t.match(again, { settled: true, done: [] });
});

t.test("a look that is out of date by the time of the change is followed by another", async (t) => {
  const kernel = new ModelKernel(tableOf(virtual(WEB, 21)));
  const desired = tableOf(virtual(WEB, 21, 22), virtual(MAIL, 25));
  const interfere = (look: number): void => {
    if (look !== 1) return;
    kernel.apply({ type: "delete-service", service: WEB });
    const { id: service, settings } = desired.get(serviceKey(MAIL)) ?? { id: MAIL, settings: undefined };
    if (settings !== undefined) kernel.apply({ type: "add-service", service, settings });
  };
  const result = await converge(onKernel(kernel, interfere), desired, []);
  t.match(result, { settled: true, refusals: [] });
  t.strictSame([...result.stale].sort(), ["tcp 192.0.2.100:25", "tcp 192.0.2.100:80 198.51.100.22:80"]);
  t.equal(kernel.text(), new ModelKernel(desired).text());
});

t.test("somebody who changes the table all the time does not keep us for ever", async (t) => {
  const kernel = new ModelKernel();
  const face = onKernel(kernel);
  let looks = 0;
  const contested: Ipvs = {
    ...face,
    observe(wanted) {
      looks += 1;
      kernel.apply({ type: "delete-service", service: WEB });
      return face.observe(wanted);
    },
  };
  const result = await converge(contested, tableOf(virtual(WEB, 21)), []);
  t.equal(result.settled, false);
  t.equal(looks, 5);
});

t.test("a service that is refused takes its destinations with it, and nothing else", async (t) => {
  const kernel = new ModelKernel();
  const refuse = (operation: Operation): string | undefined =>
    operation.type === "add-service" && serviceKey(operation.service) === serviceKey(MAIL)
      ? "ENOENT"
      : undefined;
  const desired = tableOf(virtual(MAIL, 25, 26), virtual(WEB, 21));
  const result = await converge(onKernel(kernel, undefined, refuse), desired, []);
  t.equal(result.settled, true);
  t.strictSame(planText(result.refusals.map(({ operation }) => operation)), ["-A -t 192.0.2.100:25 -s rr"]);
  t.equal(kernel.text(), new ModelKernel(tableOf(virtual(WEB, 21))).text());
});

t.test("one destination that is refused leaves the others", async (t) => {
  const kernel = new ModelKernel();
  const refuse = (operation: Operation): string | undefined =>
    operation.type === "add-destination" && operation.destination.address.endsWith(".22")
      ? "EINVAL"
      : undefined;
  const result = await converge(onKernel(kernel, undefined, refuse), tableOf(virtual(WEB, 21, 22, 23)), []);
  t.equal(result.settled, true);
  t.match(result.refusals, [{ error: { errno: "EINVAL" } }]);
  t.equal(kernel.text(), new ModelKernel(tableOf(virtual(WEB, 21, 23))).text());
});

t.test("a way to the kernel that is lost is not a refusal", async (t) => {
  const broken: Ipvs = {
    ...onKernel(new ModelKernel()),
    apply: () => Promise.reject(new NetlinkLost("add", "ENOBUFS")),
  };
  const { lost, done, refusals, settled } = await converge(broken, tableOf(virtual(WEB, 21)), []);
  t.match(lost, { message: /ENOBUFS/ });
  t.strictSame({ done, refusals, settled }, { done: [], refusals: [], settled: false });
  const blind: Ipvs = { ...broken, observe: () => Promise.reject(new NetlinkLost("list", "ENOBUFS")) };
  await t.rejects(converge(blind, tableOf(virtual(WEB, 21)), []), { message: /ENOBUFS/ });
});

t.test("one bad virtual server does not take the others down, however it is bad", async (t) => {
  const kernel = new ModelKernel();
  kernel.missing.add("mh");
  const bad = { ...virtual(MAIL, 25), scheduler: "mh" } as const;
  const mixed = virtualServer({ ...WEB, port: 443 }, [
    realServer(21),
    realServer(22, { address: ip("2001:db8::22") }),
    realServer(23, { upperThreshold: 1, lowerThreshold: 2 }),
    realServer(24, { address: ip("224.0.0.1") }),
  ]);
  const result = await converge(onKernel(kernel), tableOf(bad, mixed, virtual(WEB, 21)), []);
  t.ok(result.settled);
  t.strictSame(
    result.refusals.map(({ operation, error }) => `${error.errno} ${operationText(operation)}`),
    [
      "ENOENT -A -t 192.0.2.100:25 -s mh",
      "EINVAL -a -t 192.0.2.100:443 -r [2001:db8::22]:80 -m -w 1",
      "ERANGE -a -t 192.0.2.100:443 -r 198.51.100.23:80 -m -w 1 -x 1 -y 2",
      "EINVAL -a -t 192.0.2.100:443 -r 224.0.0.1:80 -m -w 1",
    ],
  );
  const good = tableOf(virtual(WEB, 21), virtualServer({ ...WEB, port: 443 }, [realServer(21)]));
  t.equal(kernel.text(), new ModelKernel(good).text());
});

t.test("a service that cannot have another scheduler keeps the one that it has", async (t) => {
  const kernel = new ModelKernel(tableOf(virtual(WEB, 21)));
  kernel.missing.add("mh");
  const result = await converge(onKernel(kernel), tableOf({ ...virtual(WEB, 21, 22), scheduler: "mh" }), []);
  t.ok(result.settled);
  t.strictSame(planText(result.refusals.map(({ operation }) => operation)), ["-E -t 192.0.2.100:80 -s mh"]);
  t.equal(
    kernel.text(),
    new ModelKernel(tableOf(virtual(WEB, 21, 22))).text(),
    "its real servers are kept up",
  );
});
