/**
 * Goal: two directors with one file and one key find each other, hand over when one of them is stopped, and survive the death
 * of a failover process. Method: a pair on one segment, started as an operator would, with a key from `relevo keygen`; `ip`,
 * the log and the metrics page.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { Pair, until, VIP } from "./pair.ts";

const RELEVO = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

function configuration(key: string, rest = ""): string {
  return `
directors:
  lvs1: { priority: 150, addresses: { public: 192.0.2.11 } }
  lvs2: { priority: 100, addresses: { public: 192.0.2.12 } }
heartbeat: { key_file: ${key} }
vrrp_instances:
  web: { interface: eth0, virtual_router_id: 51, version: 3, advert_int: 1, virtual_ipaddress: [${VIP}] }
${rest}`;
}

if (hasRoot(t, import.meta.url)) {
  t.test("a pair with a heartbeat", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-key-"));
    const key = join(folder, "heartbeat.key");
    execFileSync(process.execPath, [RELEVO, "keygen", "--output", key]);
    const pair = new Pair(configuration(key));
    t.teardown(async () => {
      await pair.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const { lvs1, lvs2 } = pair;

    await t.test("one that is alone is master, and says nothing of the other", async (t) => {
      await lvs1.start();
      await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
      await sleep(1_000);
      t.same(
        lvs1.log.filter(({ event }) => /^(heartbeat|peer|handover)/.test(event)),
        [],
      );
      t.equal(lvs1.metric('relevo_peer_up{peer="lvs2"}'), 0);
    });

    await t.test("two find each other", async (t) => {
      await lvs2.start();
      await lvs1.logged("peer-heard");
      await lvs2.logged("peer-heard");
      t.same(pair.holders(), ["lvs1"]);
      await until("the page says so", () => lvs1.metric('relevo_peer_up{peer="lvs2"}') === 1);
      t.equal(lvs1.metric('relevo_heartbeat_path_up{peer="lvs2",path="public"}'), 1);
      t.equal(lvs1.metric('relevo_peer_skewed{peer="lvs2"}'), 0);
    });

    await t.test("SIGTERM of the master hands over", async (t) => {
      const from = lvs2.log.length;
      lvs1.signal("SIGTERM");
      t.equal(await lvs1.ended(), 0);
      t.same(pair.holders(), ["lvs2"]);
      await lvs2.logged("vrrp-transition", from, { to: "master", cause: "handover" });
      await lvs2.logged("peer-silent", from, { stopping: true });
    });

    await t.test("the better one is handed over to when it returns", async (t) => {
      const from = lvs1.log.length;
      await lvs1.start();
      await lvs1.logged("vrrp-transition", from, { to: "master", cause: "handover" });
      await until("one holder", () => pair.holders().join() === "lvs1");
      t.same(
        lvs1.log.slice(from).filter(({ event }) => event === "handover-failed"),
        [],
      );
    });

    await t.test(
      "the death of a failover process moves the VIP at most, and it has one holder again",
      async (t) => {
        const from = lvs2.log.length;
        process.kill(lvs1.pid("failover"), "SIGKILL");
        await lvs2.logged("peer-restarted", from);
        await until("one holder", () => pair.holders().join() === "lvs1");
        t.same(
          lvs2.log.slice(from).filter(({ cause }) => cause === "master-down"),
          [],
          "nobody waited for VRRP",
        );
      },
    );

    await t.test("another file is told, once", async () => {
      const from = lvs1.log.length;
      lvs2.write(configuration(key, "global_defs: { vrrp_startup_delay: 1 }\n"));
      lvs2.signal("SIGHUP");
      await lvs1.logged("peer-skew", from);
      await until("the page says so", () => lvs1.metric('relevo_peer_skewed{peer="lvs2"}') === 1);
      lvs2.write(configuration(key));
      lvs2.signal("SIGHUP");
      await lvs1.logged("peer-skew-over", from);
    });
  });
}
