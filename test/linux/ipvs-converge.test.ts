/**
 * Goal: the table is reached although others change it at the same time, and what the kernel refuses does not keep the
 * rest from being done.
 * Method: the loop on a kernel that behaves, into which a test reaches between a look and a change.
 */

import t from "tap";
import type { RealServer, VirtualServer } from "../../src/core/balance/model.ts";
import { planText } from "../../src/core/balance/plan-text.ts";
import type { Operation } from "../../src/core/balance/plan.ts";
import { desiredTable, type ServiceId, serviceKey } from "../../src/core/balance/table.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { NetlinkLost } from "../../src/linux/generic-netlink-socket.ts";
import { converge } from "../../src/linux/ipvs-converge.ts";
import type { Ipvs } from "../../src/linux/ipvs.ts";
import { ModelKernel } from "../core/balance/model-kernel.ts";
import { onKernel } from "./model-ipvs.ts";

const WEB: ServiceId = { protocol: "tcp", address: "192.0.2.100" as Ipv4, port: 80 };
const MAIL: ServiceId = { ...WEB, port: 25 };

function real(host: number): RealServer {
  const address = `198.51.100.${host}` as Ipv4;
  return { address, port: 80, weight: 1, method: "dr", inhibitOnFailure: true, checks: [] };
}

function virtual(id: ServiceId, ...hosts: readonly number[]): VirtualServer {
  return { ...id, scheduler: "rr", realServers: hosts.map(real) };
}

function tableOf(...virtualServers: readonly VirtualServer[]) {
  return desiredTable(virtualServers, () => true);
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
    operation.type === "add-service" && operation.service.port === 25 ? "ENOENT" : undefined;
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
  await t.rejects(converge(broken, tableOf(virtual(WEB, 21)), []), { message: /ENOBUFS/ });
});
