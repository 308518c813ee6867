/**
 * Goal: what others do to the balancer's part of the table, and what the kernel will not do, is put right, told and
 * counted; what is not the balancer's is never touched.
 * Method: the process, forked as the supervisor forks it, in a namespace with web servers; `ipvsadm` is the witness.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { BOTH, FOREIGN, openWorld, REAL_21, REAL_22, realServer, SERVICE } from "./web-service.ts";
import { balancerConfig, virtualServer, WEB } from "../core/balance/servers.ts";
import { until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  t.test(
    "what is changed behind its back is put right and counted; the same configuration does nothing",
    async (t) => {
      const world = await openWorld(t);
      await world.startWebServer("198.51.100.22", 80);
      const balancer = world.forkBalancer();
      await balancer.configure(BOTH);
      await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22);
      await until("a report", () => balancer.count("ipvs_changes") === 3);

      await balancer.configure(BOTH);
      await until("another report", () => balancer.report !== undefined);
      t.equal(balancer.count("ipvs_changes"), 3);

      world.run("ipvsadm", "-d", "-t", "192.0.2.100:80", "-r", "198.51.100.22:80");
      world.run("ipvsadm", "-a", "-t", "192.0.2.100:80", "-r", "203.0.113.66:80", "-i");
      await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22);
      t.strictSame((await balancer.heard("ipvs-drift")).fields, {
        changes: 2,
        plan: ["-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 2", "-d -t 192.0.2.100:80 -r 203.0.113.66:80"],
      });
      await until("drift counted", () => balancer.count("drift", { kind: "destination" }) === 2);
      t.equal(balancer.count("drift", { kind: "service" }), 0);

      const heard = balancer.events.length;
      world.run("ipvsadm", "-E", "-t", "192.0.2.100:80", "-s", "rr", "-p", "60");
      await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22);
      t.strictSame((await balancer.heard("ipvs-drift", heard)).fields, {
        changes: 1,
        plan: ["-E -t 192.0.2.100:80 -s wlc"],
      });
      await until("drift counted", () => balancer.count("drift", { kind: "service" }) === 1);
      t.equal(
        balancer.events.filter(({ name }) => name === "ipvs-applied").length,
        1,
        "only the first filling",
      );
      await balancer.stop();
    },
  );

  t.test("what the kernel refuses is told once, and the rest is done", async (t) => {
    const world = await openWorld(t);
    const [web] = BOTH.virtualServers;
    if (web === undefined) throw new Error("there is one");
    const balancer = world.forkBalancer();
    const refused = virtualServer({ ...WEB, port: 81 }, web.realServers, { scheduler: "nonsense" as "rr" });
    await balancer.configure(balancerConfig(refused, { ...web, realServers: [realServer(21, 1)] }));
    await world.tableIs(...FOREIGN, SERVICE, REAL_21);
    await until("a second look", () => balancer.count("ipvs_errors", { errno: "ENOENT" }) >= 2);
    const told = balancer.events.filter(({ name }) => name === "ipvs-refused");
    t.match(told, [
      {
        fields: {
          service: "tcp 192.0.2.100:81",
          operation: "-A -t 192.0.2.100:81 -s nonsense",
          errno: "ENOENT",
        },
      },
    ]);
    t.equal(told.length, 1);
    t.notOk(balancer.events.some(({ name }) => name === "ipvs-drift"));
    await balancer.stop();
    t.strictSame(world.table(), [...FOREIGN]);
  });
}
