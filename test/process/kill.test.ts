/**
 * Goal: any one of the three processes may be killed at any moment and the rules still hold: one holder of the VIP, and
 * somebody holds it. Method: a pair on one segment; SIGKILL to each process of the master; `ip` and the processes'
 * own lists are the witnesses.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { LINK_RECORD } from "../../src/core/report/record.ts";
import { hasRoot } from "../net/root.ts";
import { configuration, Pair, until, VIP } from "./pair.ts";

/** A lease so long that the kernel takes nothing away by itself. */
const SERVER = `
global_defs: { vip_lease: 1h }
virtual_servers:
  - { address: 192.0.2.100, port: 80, real_servers: [{ address: 192.0.2.11, port: 9, checks: [] }] }
`;

if (hasRoot(t, import.meta.url)) {
  t.test("a director whose processes are killed", async (t) => {
    const pair = new Pair(configuration(SERVER));
    t.teardown(() => pair.close());
    const { lvs1, lvs2 } = pair;
    await lvs1.start();
    await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
    await lvs2.start();

    await t.test("goes on when its failover process is killed", async (t) => {
      const before = lvs1.pid("failover");
      process.kill(before, "SIGKILL");
      await lvs1.logged("process-died", 0, { process: "failover", how: "SIGKILL" });
      await until("another failover process", () => lvs1.pid("failover") !== before);
      await until("one holder", () => pair.holders().length === 1);
      await until("the VIP is lvs1's again", () => lvs1.holds(VIP) && !lvs2.holds(VIP));
      t.equal(lvs1.metric('relevo_process_restarts_total{process="failover"}'), 1);
    });

    await t.test("takes its VIP off while a failover process that keeps dying is away", async (t) => {
      const from = lvs1.log.length;
      const peerFrom = lvs2.log.length;
      const before = lvs1.pid("failover");
      process.kill(before, "SIGKILL");
      const died = await lvs1.logged("process-died", from, { process: "failover" });
      t.ok(Number(died["restart_in"]) >= 1, "it waits before the next try");
      await until("the VIP is off lvs1", () => !lvs1.holds(VIP));
      await until("the VIP is on lvs2", () => lvs2.holds(VIP));
      await until("the VIP is lvs1's again", () => lvs1.holds(VIP) && !lvs2.holds(VIP));
      await lvs2.logged("vrrp-transition", peerFrom, { from: "master", to: "backup" });
    });

    await t.test("keeps its VIP when its balancer is killed", async (t) => {
      const transitions = lvs2.log.filter(({ event }) => event === "vrrp-transition").length;
      const before = lvs1.pid("balancer");
      process.kill(before, "SIGKILL");
      await until("another balancer", () => lvs1.pid("balancer") !== before);
      const up = 'relevo_real_servers_up{virtual="tcp 192.0.2.100:80"}';
      await until("it is at work", () => lvs1.metric(up) !== undefined);
      t.ok(lvs1.holds(VIP));
      t.equal(lvs2.log.filter(({ event }) => event === "vrrp-transition").length, transitions);
    });

    await t.test("leaves in good order when its supervisor is killed", async (t) => {
      const children = [lvs1.pid("failover"), lvs1.pid("balancer")];
      lvs1.signal("SIGKILL");
      // As systemd does with what is left of a service.
      for (const pid of children) process.kill(pid, "SIGTERM");
      t.equal(await lvs1.ended(), "SIGKILL");
      await until("nothing runs on lvs1", () => lvs1.processes().length === 0);
      t.notOk(lvs1.holds(VIP));
      await until("the VIP is on lvs2", () => lvs2.holds(VIP));
      t.same(lvs1.runFiles(), ["supervisor.lock"], "the children took their files away");
      t.equal(lvs1.run("sysctl", "-n", "net.ipv4.ip_forward").trim(), "0", "and put the setting back");

      await lvs1.start();
      await until("the VIP is lvs1's again", () => lvs1.holds(VIP) && !lvs2.holds(VIP));
    });

    await t.test("removes its VIP first of all when it comes back from all three being killed", async (t) => {
      for (const name of ["supervisor", "failover", "balancer"] as const)
        process.kill(lvs1.pid(name), "SIGKILL");
      await until("nothing runs on lvs1", () => lvs1.processes().length === 0);
      t.ok(lvs1.holds(VIP), "nobody was left to take it off");
      await until("lvs2 has taken over", () => lvs2.holds(VIP));
      const from = lvs1.log.length;
      await lvs1.start();
      await lvs1.logged("address-left-over", from, { address: VIP, interface: "eth0" });
      const told = lvs1.log.slice(from).map(({ event }) => event);
      t.ok(
        told.indexOf("address-left-over") < told.indexOf("vrrp-transition"),
        "before it was anything at all",
      );
      await until("the VIP is lvs1's again", () => lvs1.holds(VIP) && !lvs2.holds(VIP));
    });
  });

  t.test("a setting that cannot be put back does not hide that the addresses are off", async (t) => {
    const pair = new Pair(
      configuration(SERVER).replace("version: 3,", "version: 3, notify_fault: [/usr/bin/true],"),
    );
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    await lvs1.start();
    await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
    const first = lvs1.pid("failover");
    process.kill(first, "SIGKILL");
    await until("another failover process", () => lvs1.pid("failover") !== first);
    await until("the VIP is there again", () => lvs1.holds(VIP));
    const name = "net/ipv4/conf/eth0/rp_filter";
    const after = lvs1.run("sysctl", "-n", name.replaceAll("/", ".")).trim();
    const record = { links: [], settings: [{ name, before: "none", after }] };
    writeFileSync(join(lvs1.runDirectory, LINK_RECORD), JSON.stringify(record));
    const from = lvs1.log.length;
    process.kill(lvs1.pid("failover"), "SIGKILL");
    await lvs1.logged("process-unclean", from, { process: "failover" });
    await lvs1.logged("notify-done", from, { instance: "web", state: "fault" });
  });
}
