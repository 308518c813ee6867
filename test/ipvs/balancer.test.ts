/**
 * Goal: the balancer process keeps the kernel's IPVS table at what the configuration and the real servers' health ask
 * for, through everything that may happen to either, and touches nobody else's.
 * Method: the process, forked as the supervisor forks it, in a namespace with web servers; `ipvsadm` is the witness.
 */

import t from "tap";
import type { BalancerConfig, RealServer } from "../../src/core/balance/model.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { milliseconds } from "../../src/core/units/time.ts";
import { hasIpvs } from "./guest.ts";
import { kill, until, World } from "./world.ts";

const FOREIGN = ["-A -t 203.0.113.9:443 -s rr", "-a -t 203.0.113.9:443 -r 203.0.113.10:443 -m -w 5"] as const;
const SERVICE = "-A -t 192.0.2.100:80 -s wlc";
const REAL_21 = "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1";
const REAL_22 = "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 2";
const REAL_22_QUIET = "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 0";

function realServer(host: number, weight: number, inhibitOnFailure = true): RealServer {
  const address = `198.51.100.${host}` as Ipv4;
  return {
    address,
    port: 80,
    weight,
    method: "nat",
    inhibitOnFailure,
    checks: [
      {
        timing: {
          delayLoop: milliseconds(300),
          retry: 1,
          delayBeforeRetry: milliseconds(100),
          warmup: milliseconds(100),
        },
        probe: {
          type: "send_expect",
          endpoint: { address, port: 80 },
          connectTimeout: milliseconds(10_000),
          send: new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"),
          expect: "^HTTP/1\\.[01] 200 [^]*well\n$",
          timeout: milliseconds(10_000),
          maxBytes: 4_096,
        },
      },
    ],
  };
}

function config(...realServers: readonly RealServer[]): BalancerConfig {
  const address = "192.0.2.100" as Ipv4;
  return { virtualServers: [{ address, port: 80, protocol: "tcp", scheduler: "wlc", realServers }] };
}

const BOTH = config(realServer(21, 1), realServer(22, 2));
const SECOND_TAKEN_OUT = config(realServer(21, 1), realServer(22, 2, false));

async function openWorld(t: Tap): Promise<World> {
  const world = new World();
  t.teardown(() => world.close());
  world.run("ipvsadm", ...(FOREIGN[0].split(" ") as [string]));
  world.run("ipvsadm", ...(FOREIGN[1].split(" ") as [string]));
  await world.startWebServer("198.51.100.21", 80);
  return world;
}
type Tap = { teardown(end: () => Promise<void>): void };

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
    await other.configure({ virtualServers: [] });
    await world.tableIs(...FOREIGN);
    t.equal(world.run("cat", "/proc/sys/net/ipv4/ip_forward").trim(), "0");
    await other.stop();
    t.equal(world.record(), undefined);
  });

  t.test("what the kernel refuses is told once, and the rest is done", async (t) => {
    const world = await openWorld(t);
    const [web] = BOTH.virtualServers;
    if (web === undefined) throw new Error("there is one");
    const balancer = world.forkBalancer();
    const refused = { ...web, port: 81, scheduler: "nonsense" as "rr" };
    await balancer.configure({ virtualServers: [refused, { ...web, realServers: [realServer(21, 1)] }] });
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
