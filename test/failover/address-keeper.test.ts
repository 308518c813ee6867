/**
 * The keeper of the addresses when the kernel, or the run directory, refuses. Goal: what could not be done is told once,
 * tried again, and stays on record. Method: a kernel that refuses what the test says.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Event } from "../../src/core/report/event.ts";
import { seconds } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Interface } from "../../src/core/vrrp/surroundings.ts";
import { AddressKeeper } from "../../src/failover/address-keeper.ts";
import { Footprint } from "../../src/failover/footprint.ts";
import { KernelError } from "../../src/linux/kernel-error.ts";
import type { Rtnetlink } from "../../src/linux/rtnetlink.ts";
import { VIP, web } from "../net/director.ts";
import type { Stage } from "../net/namespace.ts";

/** A keeper on a kernel with eth0, which refuses with `refusal` while there is one. */
function world(t: Stage, directory = mkdtempSync(join(tmpdir(), "keeper-"))) {
  const path = join(directory, "failover.json");
  const events: Event[] = [];
  const lost: VirtualAddress[] = [];
  const drifts: string[] = [];
  const eth0 = { index: 2, name: "eth0", up: true, mac: undefined, addresses: [] as VirtualAddress[] };
  const interfaces = new Map<string, Interface>([["eth0", eth0]]);
  const kernel = {
    refusal: undefined as string | undefined,
    requests: [] as string[],
    /** What the adverts that have queued bring about. */
    queued: undefined as (() => void) | undefined,
  };
  const request = (what: string): void => {
    kernel.requests.push(what);
    if (kernel.refusal !== undefined) throw new KernelError(what, kernel.refusal);
  };
  const rtnetlink = {
    addAddress: async (_: number, address: VirtualAddress) => {
      request("add");
      eth0.addresses.push(address);
    },
    renewAddress: async () => request("renew"),
    removeAddress: async () => {
      request("remove");
      eth0.addresses.splice(0);
    },
  } as unknown as Rtnetlink;
  const footprint = new Footprint(path, (event) => events.push(event));
  const keeper = new AddressKeeper(rtnetlink, footprint, {
    event: (event) => events.push(event),
    drift: (address, wrong) => drifts.push(`${address.address} ${wrong}`),
    lost: (address) => lost.push(address),
    adding: () => {},
    vacating: () => {},
    expired: () => {},
    renewed: () => {},
    hearAdverts: () => kernel.queued?.(),
    hearKernel: () => {},
  });
  const close = (): void => {
    keeper.close();
    footprint.close();
  };
  t.teardown(() => {
    close();
    rmSync(directory, { recursive: true, force: true });
  });
  const take = (router: VirtualRouter) => keeper.takeCharge([router], interfaces);
  const recorded = (): unknown => existsSync(path) && JSON.parse(readFileSync(path, "utf8")).addresses;
  return { keeper, kernel, eth0, events, lost, drifts, close, take, recorded };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition() && performance.now() < deadline) await new Promise((done) => setTimeout(done, 10));
}

t.test("a removal that was refused is told once, tried again, and is no drift", async (t) => {
  const { keeper, kernel, eth0, events, drifts, take } = world(t);
  take(web());
  await keeper.add([VIP]);
  kernel.refusal = "EPERM";
  await keeper.remove([VIP]);
  await until(() => kernel.requests.length >= 4);
  t.same(kernel.requests.slice(0, 4), ["add", "remove", "remove", "remove"]);
  t.same(
    events.map(({ name }) => name),
    ["address-failed"],
  );
  kernel.refusal = undefined;
  await until(() => eth0.addresses.length === 0);
  t.same(eth0.addresses, []);
  t.same(drifts, []);
});

t.test("a cure that was refused is tried again without a notification", async (t) => {
  const { keeper, kernel, eth0, drifts, lost, take } = world(t);
  take(web());
  eth0.addresses.push(VIP);
  kernel.refusal = "EBUSY";
  await keeper.look("eth0", { ...VIP, interfaceIndex: 2 });
  t.same(drifts, []);
  kernel.refusal = undefined;
  await until(() => eth0.addresses.length === 0);
  t.same(eth0.addresses, []);
  t.same(lost, [], "a foreign address is none that is missed");
});

t.test("what could not be removed stays on record, also when no router has it any more", async (t) => {
  const { keeper, kernel, close, take, recorded } = world(t);
  const other = { ...VIP, address: "192.0.2.101" as Ipv4 };
  take(web({ addresses: [VIP, other] }));
  await keeper.add([VIP, other]);
  kernel.refusal = "EPERM";
  await keeper.remove([other]);
  keeper.forgetAllBut([web()]);
  kernel.refusal = undefined;
  await keeper.remove([VIP]);
  close();
  t.same(recorded(), [{ address: "192.0.2.101", prefixLength: 24, interface: "eth0" }]);
});

t.test("when all is removed the record goes", async (t) => {
  const { keeper, close, take, recorded } = world(t);
  take(web());
  await keeper.add([VIP]);
  t.same(recorded(), [{ address: "192.0.2.100", prefixLength: 24, interface: "eth0" }]);
  await keeper.remove([VIP]);
  close();
  t.equal(recorded(), false);
});

t.test("a run directory that cannot be written is told once, and all goes on", async (t) => {
  const { keeper, events, take, eth0 } = world(t, join(tmpdir(), "keeper-is-not-there"));
  take(web());
  take(web());
  t.ok(await keeper.add([VIP]));
  t.equal(eth0.addresses.length, 1);
  t.same(
    events.map(({ name }) => name),
    ["record-failed"],
  );
  t.match(events[0]?.fields, { error: /no such file/ });
});

t.test("before an address is put back, what has queued is heard: it may be another's by now", async (t) => {
  const { keeper, kernel, eth0, drifts, take } = world(t);
  take(web());
  await keeper.add([VIP]);
  eth0.addresses.splice(0);
  kernel.queued = () => void keeper.remove([VIP]);
  await keeper.look("eth0", { ...VIP, interfaceIndex: 2 });
  t.same(kernel.requests, ["add", "remove"], "not added again");
  t.same(drifts, []);
});

t.test(
  "a lease is renewed only after what has queued was heard, and none that is another's by now",
  async (t) => {
    const { keeper, kernel, take } = world(t);
    const leased = { ...VIP, lease: seconds(1) };
    take(web({ addresses: [leased] }));
    await keeper.add([leased]);
    await until(() => kernel.requests.includes("renew"));
    kernel.queued = () => void keeper.remove([leased]);
    await until(() => kernel.requests.includes("remove"));
    const before = kernel.requests.length;
    kernel.queued = undefined;
    await new Promise((done) => setTimeout(done, 700));
    t.equal(kernel.requests.at(-1), "remove");
    t.equal(kernel.requests.length, before, "nothing is renewed after it");
  },
);
