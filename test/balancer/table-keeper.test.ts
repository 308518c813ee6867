/**
 * Goal: the keeper looks no oftener than it is asked to, tells a refusal once, tells what others did from what it did
 * itself, and survives a kernel that goes away.
 * Method: the keeper on a kernel that behaves, with a refusal or a loss put in.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openFootprint } from "../../src/balancer/footprint.ts";
import { keepTable, type TableKeeper } from "../../src/balancer/table-keeper.ts";
import type { LvsTimeouts, Tunnel } from "../../src/core/balance/model.ts";
import type { Operation } from "../../src/core/balance/plan.ts";
import { serviceKey } from "../../src/core/balance/service.ts";
import type { Table } from "../../src/core/balance/table.ts";
import type { Event } from "../../src/core/report/event.ts";
import { NetlinkLost } from "../../src/linux/generic-netlink-socket.ts";
import type { Ipvs } from "../../src/linux/ipvs.ts";
import { ModelKernel } from "../core/balance/model-kernel.ts";
import {
  ip,
  natSettings,
  realServer,
  tableOf as tableOfList,
  virtualServer,
  WEB,
} from "../core/balance/servers.ts";
import { onKernel } from "../linux/model-ipvs.ts";

function tableOf(...hosts: readonly number[]): Table {
  const realServers = hosts.map((host) => realServer(host, { method: "dr" }));
  return tableOfList([virtualServer(WEB, realServers, { scheduler: "rr" })]);
}

/** A keeper and its surroundings, to reach into. */
class Stage {
  readonly kernel = new ModelKernel();
  readonly told: Event[] = [];
  readonly counted: string[] = [];
  readonly keeper: TableKeeper;
  desired: Table = tableOf(21);
  timeouts: LvsTimeouts = { tcp: undefined, tcpFin: undefined, udp: undefined };
  hasIpvs = true;
  lost = false;
  /** The way is lost as soon as something has been changed. */
  lostAfterApply = false;
  looks = 0;
  /** The services whose destinations were looked at. */
  readonly wanted = new Set<string>();
  opened = 0;
  refuse: (operation: Operation) => string | undefined = () => undefined;

  constructor(t: { teardown(end: () => Promise<void>): void }) {
    const folder = mkdtempSync(join(tmpdir(), "relevo-keeper-"));
    const footprint = openFootprint(join(folder, "balancer.json"), () => {});
    footprint.claim([WEB]);
    this.keeper = keepTable({
      open: () => this.#open(),
      footprint,
      desired: () => this.desired,
      timeouts: () => this.timeouts,
      tell: (event) => this.told.push(event),
      count: (name, labels, by) => this.counted.push(`${name} ${Object.values(labels).join()} ${by}`),
      looked() {},
    });
    t.teardown(async () => {
      await this.keeper.stop();
      rmSync(folder, { recursive: true });
    });
  }

  names(): string[] {
    return this.told.splice(0).map(({ name }) => name);
  }

  async #open(): Promise<Ipvs | undefined> {
    if (!this.hasIpvs) return undefined;
    this.opened += 1;
    const face = onKernel(this.kernel, undefined, (operation) => this.refuse(operation));
    return {
      ...face,
      apply: async (operations) => {
        const refusals = await face.apply(operations);
        if (this.lostAfterApply) this.lost = true;
        return refusals;
      },
      observe: (wanted) => {
        this.looks += 1;
        for (const key of this.kernel.table().keys()) if (wanted(key)) this.wanted.add(key);
        return this.lost ? Promise.reject(new NetlinkLost("list", "ENOBUFS")) : face.observe(wanted);
      },
    };
  }
}

t.test("a burst of requests makes one look, and one more for what comes during it", async (t) => {
  const stage = new Stage(t);
  await Promise.all(Array.from({ length: 50 }, () => stage.keeper.look()));
  t.equal(stage.looks, 2, "one to see, one to see that it is done");
  t.strictSame(stage.names(), ["ipvs-applied"]);

  stage.looks = 0;
  const first = stage.keeper.look();
  while (stage.looks === 0) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([first, stage.keeper.look(), stage.keeper.look()]);
  t.equal(stage.looks, 2);
  t.strictSame(stage.names(), []);
});

t.test("what was refused and then is not is no drift, and is told as done", async (t) => {
  const stage = new Stage(t);
  stage.desired = tableOf(21, 22);
  stage.refuse = (operation) =>
    operation.type === "add-destination" && operation.destination.address.endsWith(".22")
      ? "EINVAL"
      : undefined;
  await stage.keeper.look();
  await stage.keeper.look();
  t.strictSame(stage.names(), ["ipvs-refused", "ipvs-applied"], "the refusal is told once");
  t.equal(stage.counted.filter((count) => count === "ipvs_errors EINVAL 1").length, 2, "and counted twice");
  stage.refuse = () => undefined;
  await stage.keeper.look();
  t.match(stage.told, [
    { name: "ipvs-applied", fields: { plan: ["-a -t 192.0.2.100:80 -r 198.51.100.22:80 -g -w 1"] } },
  ]);
  t.equal(stage.told.length, 1);
});

t.test("what others did and what was asked for at the same time are told apart", async (t) => {
  const stage = new Stage(t);
  stage.desired = tableOf(21, 22);
  await stage.keeper.look();
  stage.names();
  stage.kernel.apply({
    type: "delete-destination",
    service: WEB,
    destination: { address: ip("198.51.100.22"), port: 80 },
  });
  stage.desired = tableOf(21, 22, 23);
  await stage.keeper.look();
  t.match(stage.told, [
    { name: "ipvs-drift", fields: { plan: ["-a -t 192.0.2.100:80 -r 198.51.100.22:80 -g -w 1"] } },
    { name: "ipvs-applied", fields: { plan: ["-a -t 192.0.2.100:80 -r 198.51.100.23:80 -g -w 1"] } },
  ]);
  t.ok(stage.counted.includes("drift destination 1"));
});

t.test("a kernel without IPVS is told once, and again when it has gone once more", async (t) => {
  const stage = new Stage(t);
  stage.hasIpvs = false;
  await stage.keeper.look();
  await stage.keeper.look();
  t.strictSame(stage.names(), ["ipvs-unavailable"]);
  stage.hasIpvs = true;
  await stage.keeper.look();
  t.strictSame(stage.names(), ["ipvs-applied"]);
});

t.test("a way to the kernel that is lost is opened again at the next look", async (t) => {
  const stage = new Stage(t);
  stage.lost = true;
  await stage.keeper.look();
  t.match(stage.told, [{ name: "ipvs-refused", fields: { service: "the table", errno: "ENOBUFS" } }]);
  stage.names();
  stage.lost = false;
  await stage.keeper.look();
  t.equal(stage.opened, 2);
  t.strictSame(stage.names(), ["ipvs-applied"]);
});

t.test(
  "what was done before the way to the kernel was lost is told as ours, and is nobody's drift",
  async (t) => {
    const stage = new Stage(t);
    await stage.keeper.look();
    stage.names();
    stage.desired = tableOf(21, 22);
    stage.lostAfterApply = true;
    await stage.keeper.adjust();
    t.match(stage.told, [
      { name: "ipvs-applied", fields: { plan: ["-a -t 192.0.2.100:80 -r 198.51.100.22:80 -g -w 1"] } },
      { name: "ipvs-refused", fields: { service: "the table", errno: "ENOBUFS" } },
    ]);
    t.equal(stage.told.length, 2);
    t.strictSame(
      stage.counted.filter((count) => count.startsWith("ipvs_changes")),
      ["ipvs_changes  2", "ipvs_changes  1"],
      "the service with its first real server, and the second one",
    );
    stage.names();
    stage.lostAfterApply = false;
    stage.lost = false;
    await stage.keeper.look();
    t.strictSame(stage.names(), [], "it was there already, because of us");
    t.notOk(stage.counted.some((count) => count.startsWith("drift")));

    t.comment("what others do afterwards is theirs again");
    stage.kernel.apply({ type: "delete-service", service: WEB });
    await stage.keeper.look();
    t.strictSame(stage.names(), ["ipvs-drift"]);
  },
);

t.test("stopping deletes what is ours, and says when it could not", async (t) => {
  const stage = new Stage(t);
  await stage.keeper.look();
  stage.refuse = () => "EPERM";
  t.equal(await stage.keeper.stop(), false);
  stage.refuse = () => undefined;
  t.equal(await stage.keeper.stop(), true);
  t.equal(stage.kernel.text(), "");
});

t.test("a refusal is told with its cause in words and the cure", async (t) => {
  const stage = new Stage(t);
  stage.kernel.missing.add("rr");
  await stage.keeper.look();
  t.match(stage.told, [
    {
      name: "ipvs-refused",
      fields: {
        service: "tcp 192.0.2.100:80",
        errno: "ENOENT",
        cause: /no scheduler rr.*ip_vs_rr/,
        cure: /modprobe ip_vs_rr/,
      },
    },
  ]);
});

t.test("tunnels that the kernel passes over without a word: told once, and not tried for ever", async (t) => {
  const gue = (checksum: Tunnel["checksum"]): Tunnel => ({ type: "gue", port: 6080, checksum });
  const gre: Tunnel = { type: "gre", port: 0, checksum: "nocsum" };
  for (const [tunnels, tunnel, text, cause, cure] of [
    [
      "ipip",
      gue("nocsum"),
      "--tun-type gue --tun-port 6080 --tun-nocsum",
      /does not know gue tunnels.*by IPIP/,
      /Linux 5\.2/,
    ],
    ["ipip", gre, "--tun-type gre --tun-nocsum", /does not know gre tunnels.*by IPIP/, /Linux 5\.3/],
    ["gue", gre, "--tun-type gre --tun-nocsum", /does not know gre tunnels.*by IPIP/, /Linux 5\.3/],
    ["gue", gue("csum"), "--tun-type gue --tun-port 6080 --tun-csum", /gue tunnels with csum/, /Linux 5\.3/],
  ] as const) {
    const stage = new Stage(t);
    stage.kernel.tunnels = tunnels;
    const through = (given: Tunnel): Table =>
      tableOfList([
        virtualServer(WEB, [realServer(21, { method: "tunnel", tunnel: given }), realServer(22)]),
      ]);
    stage.desired = through(tunnel);
    await stage.keeper.look();
    t.match(stage.told, [
      {
        name: "ipvs-refused",
        fields: {
          service: "tcp 192.0.2.100:80",
          operation: `-e -t 192.0.2.100:80 -r 198.51.100.21:80 -i ${text} -w 1`,
          errno: "EOPNOTSUPP",
          cause,
          cure,
        },
      },
      { name: "ipvs-applied", fields: { changes: 3 } },
    ]);
    stage.names();
    for (const look of [1, 2]) {
      stage.looks = 0;
      await stage.keeper.look();
      t.equal(stage.looks, 1, `look ${look} finds nothing to do`);
      t.strictSame(stage.names(), []);
    }
    t.strictSame(
      stage.counted.filter((count) => count.startsWith("ipvs_errors")),
      ["ipvs_errors EOPNOTSUPP 1"],
    );
    const settings = natSettings({ method: "tunnel", weight: 9 });
    const destination = { address: ip("198.51.100.21"), port: 80 };
    stage.kernel.apply({ type: "edit-destination", service: WEB, destination, settings });
    await stage.keeper.look();
    t.strictSame(stage.names(), ["ipvs-drift"], "what somebody else does to it is");
    t.ok(stage.counted.includes("drift destination 1"));
    stage.desired = through({ type: "ipip", port: 0, checksum: "nocsum" });
    await stage.keeper.look();
    stage.desired = through(tunnel);
    stage.names();
    await stage.keeper.look();
    t.ok(stage.names().includes("ipvs-refused"), "told again when it is asked for again");
    t.equal(await stage.keeper.stop(), true);
  }
});

t.test(
  "a tunnel that the kernel does know is no matter, and one that somebody changes is drift",
  async (t) => {
    for (const tunnels of ["gue", "all"] as const) {
      const stage = new Stage(t);
      stage.kernel.tunnels = tunnels;
      const tunnel: Tunnel = { type: "gue", port: 6080, checksum: "nocsum" };
      stage.desired = tableOfList([virtualServer(WEB, [realServer(21, { method: "tunnel", tunnel })])]);
      await stage.keeper.look();
      t.strictSame(stage.names(), ["ipvs-applied"]);
      const settings = natSettings({ method: "tunnel", tunnel: { ...tunnel, port: 6081 } });
      const destination = { address: ip("198.51.100.21"), port: 80 };
      stage.kernel.apply({ type: "edit-destination", service: WEB, destination, settings });
      await stage.keeper.look();
      t.strictSame(stage.names(), ["ipvs-drift"]);
    }
  },
);

t.test("timeouts are kept, and put back when they are not asked for any more", async (t) => {
  const stage = new Stage(t);
  stage.timeouts = { tcp: 60, tcpFin: undefined, udp: 30 };
  await stage.keeper.look();
  t.strictSame(stage.kernel.timeouts, { tcp: 60, tcpFin: 120, udp: 30 });
  stage.kernel.timeouts = { tcp: 61, tcpFin: 5, udp: 30 };
  await stage.keeper.look();
  t.strictSame(stage.kernel.timeouts, { tcp: 60, tcpFin: 5, udp: 30 }, "what is not ours to say stays");
  stage.timeouts = { tcp: undefined, tcpFin: undefined, udp: 40 };
  await stage.keeper.look();
  t.strictSame(stage.kernel.timeouts, { tcp: 900, tcpFin: 5, udp: 40 });
  await stage.keeper.stop();
  t.strictSame(stage.kernel.timeouts, { tcp: 900, tcpFin: 5, udp: 300 });
});

t.test(
  "what is asked for anew is done by a look at that service alone, the rest waits for the audit",
  async (t) => {
    const stage = new Stage(t);
    const mail = { ...WEB, port: 25 };
    const both = (...hosts: readonly number[]): Table =>
      tableOfList([
        virtualServer(
          WEB,
          hosts.map((host) => realServer(host, { method: "dr" })),
          { scheduler: "rr" },
        ),
        virtualServer(mail, [realServer(25)]),
      ]);
    stage.desired = both(21);
    await stage.keeper.adjust();
    t.equal(stage.kernel.table().size, 2, "the first look is at all of it");
    stage.names();
    stage.wanted.clear();

    stage.kernel.apply({ type: "delete-service", service: mail });
    stage.desired = both(21, 22);
    await stage.keeper.adjust();
    t.strictSame([...stage.wanted], [serviceKey(WEB)]);
    t.strictSame(stage.names(), ["ipvs-applied"]);
    t.equal(stage.kernel.table().get(serviceKey(WEB))?.destinations.size, 2);
    t.equal(stage.kernel.table().size, 1, "nobody has looked at the other one");

    stage.wanted.clear();
    await stage.keeper.adjust();
    t.strictSame([...stage.wanted], [], "nothing is asked for anew");
    await stage.keeper.look();
    t.strictSame(stage.names(), ["ipvs-drift"]);
    t.equal(stage.kernel.table().size, 2);
  },
);

t.test("a refusal elsewhere is neither forgotten nor told again by a look at one service", async (t) => {
  const stage = new Stage(t);
  const mail = { ...WEB, port: 25 };
  const both = (...hosts: readonly number[]): Table =>
    tableOfList([
      virtualServer(
        WEB,
        hosts.map((host) => realServer(host, { method: "dr" })),
        { scheduler: "rr" },
      ),
      virtualServer(mail, [realServer(25)]),
    ]);
  stage.refuse = ({ type, service }) =>
    type === "add-service" && "port" in service && service.port === 25 ? "ENOENT" : undefined;
  stage.desired = both(21);
  await stage.keeper.look();
  t.strictSame(stage.names(), ["ipvs-refused", "ipvs-applied"]);
  stage.desired = both(21, 22);
  await stage.keeper.adjust();
  await stage.keeper.look();
  t.strictSame(stage.names(), ["ipvs-applied"]);
  stage.refuse = () => undefined;
  await stage.keeper.look();
  t.strictSame(stage.names(), ["ipvs-applied"]);
  t.equal(stage.kernel.table().size, 2);
});
