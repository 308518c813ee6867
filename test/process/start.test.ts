/**
 * Goal: what cannot start says why and touches nothing; what runs tells how it is. Method: `relevo run` in a namespace, as
 * an operator would start it; its exit status, its words, and its metrics page.
 */

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, type Director, Pair, until, VIP } from "./pair.ts";

async function refused(director: Director, ...options: readonly string[]): Promise<number> {
  director.complaints = "";
  const [status] = (await once(director.spawn(...options), "close")) as [number];
  return status;
}

if (hasRoot(t, import.meta.url)) {
  t.test("relevo run", async (t) => {
    const pair = new Pair(configuration());
    t.teardown(() => pair.close());
    const { lvs1, lvs2 } = pair;

    await t.test("refuses a configuration with errors, each with its place", async (t) => {
      lvs1.write(configuration("metrics: { port: 0 }\nvirtual_servrs: []\n"));
      t.equal(await refused(lvs1), 1);
      t.match(lvs1.complaints, /lvs1\.yaml:\d+:\d+: error: .*port/);
      t.match(lvs1.complaints, /virtual_servrs.*virtual_servers/);
      t.equal(lvs1.runFiles(), undefined, "no run directory was made");
      lvs1.write(configuration());
    });

    await t.test("refuses a director that the file does not name", async (t) => {
      t.equal(await refused(lvs1, "--node", "lvs3"), 1);
      t.match(lvs1.complaints, /lvs3.*lvs1.*lvs2/);
    });

    await t.test("that is told to stop while it starts does not say that it works", async (t) => {
      const starting = lvs1.spawn();
      await lvs1.logged("process-started");
      starting.kill("SIGTERM");
      t.strictSame(await once(starting, "close"), [0, null]);
      const told = lvs1.log.map(({ event }) => event).filter((name) => !name.startsWith("process"));
      t.strictSame(
        told.filter((name) => ["config-loaded", "started", "stopping", "stopped"].includes(name)),
        ["stopping", "stopped"],
      );
      t.equal(lvs1.runFiles(), undefined);
      lvs1.log.length = 0;
    });

    await t.test("that is told to reload while it starts does so when it works", async (t) => {
      const starting = lvs1.spawn();
      await lvs1.logged("process-started");
      starting.kill("SIGHUP");
      await lvs1.logged("config-unchanged");
      const told = lvs1.log.map(({ event }) => event);
      t.strictSame(
        told.filter((name) => name.startsWith("config-") || name === "started"),
        ["config-loaded", "started", "config-unchanged"],
      );
      starting.kill();
      await once(starting, "close");
      lvs1.log.length = 0;
    });

    await t.test("refuses to run twice with one run directory", async (t) => {
      await lvs1.start();
      t.equal(await refused(lvs1), 1);
      t.match(lvs1.complaints, /another relevo \(process \d+\) runs with the run directory/);
      t.match(lvs1.complaints, new RegExp(`process ${lvs1.pid("supervisor")}\\)`));
    });

    await t.test("tells its state on the metrics page", async (t) => {
      await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
      const state = (name: string) =>
        `relevo_vrrp_instance_state{instance="web",interface="eth0",vrid="51",state="${name}"}`;
      await until("the page says master", () => lvs1.metric(state("master")) === 1);
      t.equal(lvs1.metric(state("backup")), 0);
      t.equal(lvs1.metric(`relevo_vip_held{instance="web",vip="${VIP}",interface="eth0"}`), 1);
      t.equal(
        lvs1.metric('relevo_vrrp_transitions_total{instance="web",to="master",cause="master-down"}'),
        1,
      );
      for (const name of ["supervisor", "failover", "balancer"]) {
        t.equal(lvs1.metric(`relevo_process_up{process="${name}"}`), 1, name);
        t.ok(Number(lvs1.metric(`relevo_event_loop_lateness_seconds_count{process="${name}"}`)) > 0, name);
      }
      const sent = 'relevo_vrrp_adverts_sent_total{instance="web",interface="eth0"}';
      const before = Number(lvs1.metric(sent));
      await until("more adverts", () => Number(lvs1.metric(sent)) > before);
      t.match(
        lvs1.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9165/"),
        /404/,
      );
    });

    await t.test("takes no notice of a metrics port that is taken", async (t) => {
      const config = configuration("metrics: { address: 192.0.2.12, port: 9000 }\n");
      lvs2.write(config);
      const squatter = lvs2.spawn("--run-dir", `${lvs2.runDirectory}-2`);
      await lvs2.logged("started");
      await lvs2.start();
      await lvs2.logged("metrics-failed");
      t.match((await lvs2.logged("metrics-failed"))["error"], /EADDRINUSE/);
      squatter.kill();
      await once(squatter, "close");
      await delay(0);
      const from = lvs2.log.length;
      lvs2.signal("SIGHUP");
      await lvs2.logged("config-unchanged", from);
      await lvs2.logged("metrics-listening", from);
    });
  });
}
