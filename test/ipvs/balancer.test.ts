/**
 * Goal: the balancer process keeps the kernel's IPVS table at what the configuration and the real servers' health ask
 * for, also over its own death, and goes without a trace.
 * Method: the process, forked as the supervisor forks it, in a namespace with web servers; `ipvsadm` is the witness.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import {
  BOTH,
  FOREIGN,
  openWorld,
  REAL_21,
  REAL_22,
  REAL_22_QUIET,
  SECOND_TAKEN_OUT,
  SERVICE,
} from "./web-service.ts";
import { balancerConfig } from "../core/balance/servers.ts";
import { kill, until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  t.test("a table appears, follows the health of its servers, and goes without a trace", async (t) => {
    const world = await openWorld(t);
    const second = await world.startWebServer("198.51.100.22", 80);
    const balancer = world.forkBalancer();

    await balancer.configure(BOTH);
    await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22);
    t.equal(world.run("cat", "/proc/sys/net/ipv4/ip_forward").trim(), "1", "NAT needs it");
    t.strictSame(world.record(), {
      services: [{ protocol: "tcp", address: "192.0.2.100", port: 80 }],
      sysctls: { "net/ipv4/ip_forward": "0" },
    });

    t.comment("a real server dies");
    await kill(second);
    await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22_QUIET);
    const down = await balancer.heard("real-server-down");
    t.match(down.fields, {
      virtual: "tcp 192.0.2.100:80",
      real: "198.51.100.22:80",
      check: "send_expect",
      detail: /ECONNREFUSED/,
      weight: 0,
    });
    t.match(
      balancer.events.find(({ name }) => name === "check-failed"),
      { fields: { real: "198.51.100.22:80", forgiven: 1, retry: 1 } },
      "the first failure was forgiven",
    );

    t.comment("taken out instead of quiesced, by configuration");
    await balancer.configure(SECOND_TAKEN_OUT);
    await world.tableIs(...FOREIGN, SERVICE, REAL_21);

    t.comment("it comes back");
    await world.startWebServer("198.51.100.22", 80);
    await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22);
    t.match((await balancer.heard("real-server-up")).fields, { real: "198.51.100.22:80", weight: 2 });
    await until("samples", () => balancer.checks.some(({ ok }) => ok));
    t.match(balancer.report?.realServers, [
      { real: "198.51.100.21:80", up: true, weight: 1, configuredWeight: 1 },
      { real: "198.51.100.22:80", up: true, weight: 2, configuredWeight: 2 },
    ]);

    t.comment("it stops");
    await balancer.stop();
    t.ok(balancer.stopped);
    t.strictSame(world.table(), [...FOREIGN]);
    t.equal(world.run("cat", "/proc/sys/net/ipv4/ip_forward").trim(), "0", "as it was before");
    t.equal(world.record(), undefined);
  });

  t.test("a balancer that is killed leaves the table to the next, which knows who was down", async (t) => {
    const world = await openWorld(t);
    const second = await world.startWebServer("198.51.100.22", 80);
    const first = world.forkBalancer();
    await first.configure(BOTH);
    await kill(second);
    await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22_QUIET);

    await kill(first.child);
    t.strictSame(world.table(), [...FOREIGN, SERVICE, REAL_21, REAL_22_QUIET].sort());

    const next = world.forkBalancer();
    await next.configure(BOTH);
    t.strictSame(world.table(), [...FOREIGN, SERVICE, REAL_21, REAL_22_QUIET].sort());
    await until("checks", () => next.checks.filter(({ real }) => real === "198.51.100.22:80").length > 2);
    t.equal(next.count("ipvs_changes"), 0, "nothing was written, and nobody was let in unchecked");
    t.match(await next.heard("real-server-down"), { fields: { detail: /earlier life/ } });

    await world.startWebServer("198.51.100.22", 80);
    await world.tableIs(...FOREIGN, SERVICE, REAL_21, REAL_22);

    t.comment("killed again, and started with another configuration: what was ours before goes");
    await kill(next.child);
    const other = world.forkBalancer();
    await other.configure(balancerConfig());
    await world.tableIs(...FOREIGN);
    t.equal(world.run("cat", "/proc/sys/net/ipv4/ip_forward").trim(), "0");
    t.strictSame(world.record(), { services: [], sysctls: {} }, "and off the record");
    await other.stop();
    t.equal(world.record(), undefined);
  });
}
