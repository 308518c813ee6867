/**
 * Goal: connections of a drained real server go on until they finish by themselves, new ones go elsewhere, and then it is
 * removed or held; at the deadline it is removed with its connections; a balancer that is killed goes on with it; whoever
 * is let back gets work.
 * Method: a client with open TCP streams through the virtual address, echoed by the real servers; `ipvsadm` is the witness
 * of the table, the streams of themselves.
 */

import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { BalancerConfig } from "../../src/core/balance/model.ts";
import { parseTarget, type RealServerTarget } from "../../src/core/balance/target.ts";
import { seconds } from "../../src/core/units/time.ts";
import { configOf, instance } from "../config/reading.ts";
import { openSite, Streams } from "./echo-site.ts";
import { hasIpvs } from "./guest.ts";
import { VIP } from "./site.ts";
import { kill, until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

const WEB = `tcp ${VIP}:80`;
const SERVICE = `-A -t ${VIP}:80 -s rr`;

function at(host: number, weight: number): string {
  return `-a -t ${VIP}:80 -r 198.51.100.${host}:80 -m -w ${weight}`;
}

function configuration(keys = "", globals = ""): BalancerConfig {
  const server = `{ address: ${VIP}, port: 80, lvs_sched: rr, ${keys} real_servers: [{ address: 198.51.100.21-22 }] }`;
  return configOf(`global_defs: { ${globals} }\n${instance()}virtual_servers: [${server}]\n`).balancer;
}

function target(word: string, virtual?: string): RealServerTarget {
  return parseTarget(word, virtual) as RealServerTarget;
}

if (hasIpvs(t, import.meta.url)) {
  t.test(
    "streams finish, new ones go elsewhere, and the balancer that is killed goes on with it",
    async (t) => {
      const site = await openSite(t);
      const balancer = site.forkBalancer();
      await balancer.configure(configuration());
      await site.tableIs(SERVICE, at(21, 1), at(22, 1));
      const streams = new Streams(site, 8);
      t.teardown(() => kill(streams.child));
      await until(
        "four streams each",
        () => streams.of("real21").length === 4 && streams.of("real22").length === 4,
      );

      t.match(
        await balancer.call({
          type: "drain",
          target: target("198.51.100.23:80"),
          order: { deadline: undefined, end: "hold" },
        }),
        {
          ok: false,
          error: "there is no real server 198.51.100.23:80 in any virtual server",
        },
      );
      const answer = await balancer.call({
        type: "drain",
        target: target("198.51.100.21:80", WEB),
        order: { deadline: undefined, end: "remove" },
      });
      t.match(answer, {
        ok: true,
        drains: [{ virtual: WEB, real: "198.51.100.21:80", state: "draining", end: "remove" }],
      });
      t.strictSame(site.table(), [SERVICE, at(21, 0), at(22, 1)].sort(), "in force when it is answered");
      await streams.flow("real21");
      const later = new Streams(site, 4);
      t.teardown(() => kill(later.child));
      await until("all new ones elsewhere", () => later.of("real22").length === 4);
      await until("they are counted", () => balancer.report?.drains[0]?.left === 4);
      t.match(balancer.report?.realServers, [
        { up: true, weight: 0, configuredWeight: 1 },
        { up: true, weight: 1 },
      ]);

      t.comment("a reload, and the balancer is killed");
      await balancer.configure(configuration("delay_loop: 7,"));
      t.strictSame(site.table(), [SERVICE, at(21, 0), at(22, 1)].sort());
      await kill(balancer.child);
      const next = site.forkBalancer();
      await next.configure(configuration());
      t.strictSame(site.table(), [SERVICE, at(21, 0), at(22, 1)].sort());
      await until("they are counted", () => next.report?.drains[0]?.left === 4);
      await streams.flow("real21");
      t.notOk(next.events.some(({ name }) => name === "drain-started" || name === "real-server-down"));

      t.comment("two finish, and the rest");
      t.notOk(streams.told.some(({ broken }) => broken));
      streams.finish("real21");
      t.match((await next.heard("drain-done")).fields, {
        virtual: WEB,
        real: "198.51.100.21:80",
        end: "remove",
      });
      await site.tableIs(SERVICE, at(22, 1));
      t.equal(
        streams.of("real22").filter(({ broken }) => !broken).length,
        4,
        "the others have noticed nothing",
      );

      t.comment("let back");
      t.match(await next.call({ type: "undrain", target: target("198.51.100.21") }), {
        ok: true,
        drains: [],
      });
      await site.tableIs(SERVICE, at(21, 1), at(22, 1));
      t.match((await next.heard("drain-cancelled")).fields, { cause: "undrained" });
      await next.stop();
    },
  );

  t.test("at the deadline it is removed; and a drain is there for the next start", async (t) => {
    const site = await openSite(t);
    const balancer = site.forkBalancer();
    await balancer.configure(configuration());
    await site.tableIs(SERVICE, at(21, 1), at(22, 1));
    const streams = new Streams(site, 4);
    t.teardown(() => kill(streams.child));
    await until(
      "two streams each",
      () => streams.of("real21").length === 2 && streams.of("real22").length === 2,
    );
    await balancer.call({
      type: "drain",
      target: target("198.51.100.21"),
      order: { deadline: seconds(4), end: "remove" },
    });
    t.match((await balancer.heard("drain-deadline")).fields, {
      real: "198.51.100.21:80",
      left: 2,
      end: "remove",
    });
    await site.tableIs(SERVICE, at(22, 1));
    await balancer.stop();
    t.strictSame(site.table(), []);
    const next = site.forkBalancer();
    await next.configure(configuration());
    await site.tableIs(SERVICE, at(22, 1));
    await next.call({ type: "undrain", target: target("198.51.100.21") });
    await site.tableIs(SERVICE, at(21, 1), at(22, 1));
    await next.stop();
  });

  t.test(
    "maintenance holds it with weight 0, templates are waited for, and slow_start follows",
    async (t) => {
      const site = await openSite(t);
      const balancer = site.forkBalancer();
      balancer.maintain("198.51.100.22:80", "198.51.100.99");
      const persistent = "persistence_timeout: 300, slow_start: 10m, quorum: 2,";
      await balancer.configure(configuration(persistent, "ipvs_sysctls: { expire_quiescent_template: 0 }"));
      const service = `${SERVICE} -p 300`;
      await site.tableIs(service, at(21, 1), at(22, 0));
      t.match((await balancer.heard("drain-started")).fields, {
        real: "198.51.100.22:80",
        source: "maintenance",
        end: "hold",
      });
      t.match((await balancer.heard("maintenance-ignored")).fields, { file: "198.51.100.99" });
      t.match((await balancer.heard("quorum-lost")).fields, { weight: 1, threshold: 2 }, "it does not count");
      await balancer.heard("drain-done");
      t.strictSame(site.table(), [service, at(21, 1), at(22, 0)].sort(), "held");

      const streams = new Streams(site, 1);
      t.teardown(() => kill(streams.child));
      await until("one client", () => streams.of("real21").length === 1);
      balancer.maintain("198.51.100.21");
      await site.tableIs(service, at(21, 0), at(22, 1));
      await until("its stream and its template", () => balancer.report?.drains[0]?.left === 2);
      streams.finish("real21");
      await until("its template", () => balancer.report?.drains[0]?.left === 1);
      t.notOk(
        balancer.events.some(
          ({ name, fields }) => name === "drain-done" && fields["real"] === "198.51.100.21:80",
        ),
      );
      await balancer.configure(configuration(persistent));
      const from = balancer.events.findIndex(({ name }) => name === "drain-done") + 1;
      t.match(
        (await balancer.heard("drain-done", from)).fields,
        { real: "198.51.100.21:80" },
        "which nobody honours now",
      );
      await delay(0);
      balancer.maintain();
      await site.tableIs(service, at(21, 1), at(22, 1));
      await balancer.stop();
    },
  );
}
