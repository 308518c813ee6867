/**
 * Goal: a virtual server whose real servers are too few is answered by its sorry server, and by them again once they are
 * enough; checks rest while the address is elsewhere; who starts as down gets nothing before a check has succeeded.
 * Method: configuration files, the balancer process, web servers that die and come back; `ipvsadm` and a client that asks
 * for a page are the witnesses.
 */

import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { FOREIGN, openWorld } from "./web-service.ts";
import { kill, until, type World } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const SERVICE = "-A -t 192.0.2.100:80 -s wlc";
const RHYTHM = "delay_loop: 300ms, retry: 0, warmup: 100ms, connect_timeout: 10";

function configuration(keys: string, reals: string) {
  const servers = `virtual_servers:\n  - { address: 192.0.2.100, port: 80, ${RHYTHM}, ${keys}, real_servers: [${reals}] }\n`;
  return configOf(`${instance()}${servers}`).balancer;
}

function at(host: number, weight: number): string {
  return `-a -t 192.0.2.100:80 -r 198.51.100.${host}:80 -m -w ${weight}`;
}

/** What a client gets from the virtual server; undefined when nobody answers. */
function page(world: World): string | undefined {
  try {
    return world.run("curl", "-s", "--max-time", "30", "http://192.0.2.100/").trim();
  } catch {
    return undefined;
  }
}

if (hasIpvs(t, import.meta.url)) {
  t.test("the sorry server answers while the quorum is lost, with hysteresis", async (t) => {
    const world = await openWorld(t);
    world.run("ip", "addr", "add", "192.0.2.100/32", "dev", "lo");
    const second = await world.startWebServer("198.51.100.22", 80);
    const third = await world.startWebServer("198.51.100.23", 80);
    await world.startWebServer("198.51.100.9", 80, "sorry");
    const balancer = world.forkBalancer();
    const config = configuration(
      "quorum: 4, hysteresis: 2, sorry_server: { address: 198.51.100.9 }, inhibit_on_failure: true",
      [21, 22, 23]
        .map((host) => `{ address: 198.51.100.${host}, weight: 2, checks: [{ tcp: {} }] }`)
        .join(", "),
    );
    await balancer.configure(config);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 2), at(22, 2), at(23, 2));
    t.equal(page(world), "well");
    t.match((await balancer.heard("quorum-gained")).fields, { weight: 6, threshold: 4 });

    t.comment("4 are left, and then 2, which is at the edge of 4 - 2");
    await kill(third);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 2), at(22, 2), at(23, 0));
    await kill(second);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 2), at(22, 0), at(23, 0));
    t.notOk(balancer.events.some(({ name }) => name === "quorum-lost"));
    t.equal(page(world), "well");

    t.comment("nobody is left");
    await kill(world.servers[0]);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 0), at(22, 0), at(23, 0), at(9, 1));
    t.equal(page(world), "sorry");
    t.match((await balancer.heard("quorum-lost")).fields, {
      virtual: "tcp 192.0.2.100:80",
      weight: 0,
      threshold: 2,
    });
    await until("a report", () => balancer.report?.virtualServers[0]?.hasQuorum === false);

    t.comment("two are back: 4 of the 6 that are needed now, and so they wait");
    const from = balancer.events.length;
    await world.startWebServer("198.51.100.21", 80);
    await world.startWebServer("198.51.100.22", 80);
    const ups = () => balancer.events.slice(from).filter(({ name }) => name === "real-server-up").length;
    await until("both are up", () => ups() === 2);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 0), at(22, 0), at(23, 0), at(9, 1));
    t.equal(page(world), "sorry");

    t.comment("the balancer dies, and the next goes on from there");
    await kill(balancer.child);
    const next = world.forkBalancer();
    await next.configure(config);
    t.strictSame(world.table(), [...FOREIGN, SERVICE, at(21, 0), at(22, 0), at(23, 0), at(9, 1)].sort());
    await until("both are up", () => next.report?.realServers?.filter(({ up }) => up).length === 2);
    t.equal(page(world), "sorry", "4 are still too few");
    t.notOk(next.events.some(({ name }) => name === "quorum-gained"));

    t.comment("the third, too");
    await world.startWebServer("198.51.100.23", 80);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 2), at(22, 2), at(23, 2));
    t.equal(page(world), "well");
    t.match((await next.heard("quorum-gained")).fields, { weight: 6, threshold: 6 });
    await next.stop();
    t.strictSame(world.table(), [...FOREIGN]);
  });

  t.test(
    "with sorry_server_inhibit it waits in the table, and without quorum of its own nobody goes",
    async (t) => {
      const world = await openWorld(t);
      const balancer = world.forkBalancer();
      const reals = "{ address: 198.51.100.21, checks: [{ tcp: {} }] }";
      const sorry = "sorry_server: { address: 198.51.100.9 }, sorry_server_inhibit: true";
      await balancer.configure(configuration(sorry, reals));
      await world.tableIs(...FOREIGN, SERVICE, at(21, 1), at(9, 0));
      await kill(world.servers[0]);
      await world.tableIs(...FOREIGN, SERVICE, at(9, 1));
      await balancer.configure(configuration("quorum: 1", reals));
      await world.tableIs(...FOREIGN, SERVICE);
      await balancer.stop();
    },
  );

  t.test("with alpha nobody works before a check has succeeded; without, everybody does", async (t) => {
    const world = await openWorld(t);
    const balancer = world.forkBalancer();
    const reals =
      "{ address: 198.51.100.21, checks: [{ tcp: {} }] }, { address: 198.51.100.22, checks: [{ tcp: {} }] }";
    await balancer.configure(configuration("alpha: true", reals));
    await world.tableIs(...FOREIGN, SERVICE, at(21, 1));
    t.notOk(
      balancer.events.some(
        ({ name, fields }) => name === "real-server-up" && fields["real"] === "198.51.100.22:80",
      ),
      "nothing is there, and it was never let in",
    );
    const plans = balancer.events.filter(({ name }) => name === "ipvs-applied");
    t.notMatch(JSON.stringify(plans), "198.51.100.22");
    t.match(await balancer.heard("quorum-lost"), { fields: { weight: 0 } }, "it is told where it starts");
    t.match(await balancer.heard("quorum-gained"), { fields: { weight: 1 } });

    t.comment("one that dies is no reason to start from scratch");
    await kill(balancer.child);
    const next = world.forkBalancer();
    await next.configure(configuration("alpha: true", reals));
    t.strictSame(world.table(), [...FOREIGN, SERVICE, at(21, 1)].sort());
    await until("a check", () => next.checks.some(({ real, ok }) => ok && real === "198.51.100.21:80"));
    t.equal(next.count("ipvs_changes"), 0);
    await next.stop();
  });

  t.test("with ha_suspend checks are made only while the address is held here", async (t) => {
    const world = await openWorld(t);
    const balancer = world.forkBalancer();
    await balancer.configure(
      configuration("ha_suspend: true", "{ address: 198.51.100.21, checks: [{ tcp: {} }] }"),
    );
    await world.tableIs(...FOREIGN, SERVICE, at(21, 1));
    await delay(2_000);
    t.equal(balancer.checks.length, 0, "several delay_loops without one");

    balancer.hold("192.0.2.7", "192.0.2.100");
    await until("checks", () => balancer.checks.length > 2);
    await kill(world.servers[0]);
    await world.tableIs(...FOREIGN, SERVICE);

    balancer.hold("192.0.2.7");
    await world.startWebServer("198.51.100.21", 80);
    await delay(500);
    const before = balancer.checks.length;
    await delay(2_000);
    t.equal(balancer.checks.length, before, "none again");
    t.strictSame(world.table(), [...FOREIGN, SERVICE].sort(), "and the verdict stays");

    balancer.hold("192.0.2.100");
    await world.tableIs(...FOREIGN, SERVICE, at(21, 1));
    await balancer.stop();
  });

  t.test("with slow_start a balancer that died goes on from the weight that it finds", async (t) => {
    const world = await openWorld(t);
    const slow = configuration(
      "slow_start: 1h, alpha: true",
      "{ address: 198.51.100.21, weight: 100, checks: [{ tcp: {} }] }",
    );
    const balancer = world.forkBalancer();
    await balancer.configure(slow);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 10));
    await kill(balancer.child);
    const next = world.forkBalancer();
    await next.configure(slow);
    await until("checks", () => next.checks.length > 2);
    t.strictSame(world.table(), [...FOREIGN, SERVICE, at(21, 10)].sort());
    t.equal(next.count("ipvs_changes"), 0);
    await until("a report", () => next.report?.realServers?.[0] !== undefined);
    t.match(next.report?.realServers, [{ up: true, weight: 10, configuredWeight: 100 }]);
    await next.stop();
  });

  t.test("with slow_start one that comes back gets its weight bit by bit", async (t) => {
    const world = await openWorld(t);
    const balancer = world.forkBalancer();
    await balancer.configure(
      configuration(
        "slow_start: 9, inhibit_on_failure: true",
        "{ address: 198.51.100.21, weight: 10, checks: [{ tcp: {} }] }",
      ),
    );
    await world.tableIs(...FOREIGN, SERVICE, at(21, 10));
    await kill(world.servers[0]);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 0));
    const from = balancer.events.length;
    await world.startWebServer("198.51.100.21", 80);
    await world.tableIs(...FOREIGN, SERVICE, at(21, 10));
    const weights = (): number[] =>
      balancer.events
        .slice(from)
        .filter(({ name }) => name === "ipvs-applied")
        .map(({ fields }) => Number(/-w (\d+)$/.exec(String(fields["plan"]))?.[1]))
        .filter((weight) => weight > 0);
    await until("all of it was told", () => weights().includes(10));
    t.equal(weights()[0], 1, "a tenth at once");
    t.ok(weights().length > 3, `step by step: ${weights().join(" ")}`);
    t.strictSame(
      weights(),
      weights().toSorted((a, b) => a - b),
    );
    await balancer.stop();
  });
}
