/**
 * Goal: a script and a file decide who is master, on whole directors; a failover process that is started again knows their
 * last word, and a supervisor that hangs flips nothing. Method: a script that looks for a file, a file with a number, made
 * and removed on one machine's behalf; `ip` and `/metrics` are the witnesses.
 */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { Pair, until, VIP } from "./pair.ts";

if (hasRoot(t, import.meta.url)) {
  t.test("a pair with a script and a file", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "relevo-track-"));
    chmodSync(directory, 0o755);
    const broken = join(directory, "broken");
    const load = join(directory, "load");
    const config = (tracks: string) => `
directors:
  lvs1: { priority: 150 }
  lvs2: { priority: 100 }
vrrp_scripts:
  proxy: { script: [/usr/bin/test, "!", -e, ${broken}], interval: 200ms, fall: 2 }
track_files:
  load: { file: ${load}, weight: -1, init_file: 0 }
vrrp_instances:
  web:
    { interface: eth0, virtual_router_id: 51, version: 3, advert_int: 0.5, virtual_ipaddress: [${VIP}], ${tracks} }
`;
    const pair = new Pair(config("track_script: [proxy], track_file: [load]"));
    const { lvs1, lvs2 } = pair;
    lvs2.write(config(""));
    t.teardown(async () => {
      await pair.close();
      rmSync(directory, { recursive: true, force: true });
    });
    await lvs1.start();
    await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
    await lvs2.start();
    t.equal(lvs1.metric('relevo_track_value{object="load",kind="file"}'), 0);
    await until("the script is up", () => lvs1.metric('relevo_track_up{object="proxy",kind="script"}') === 1);

    await t.test("the file takes the priority down, and back up", async (t) => {
      writeFileSync(load, "80\n");
      await until("lvs2 holds the VIP", () => pair.holders().join() === "lvs2");
      t.equal(lvs1.metric('relevo_vrrp_priority{instance="web"}'), 70);
      writeFileSync(load, "0\n");
      await until("lvs1 holds the VIP", () => pair.holders().join() === "lvs1");
    });

    await t.test("the script takes the director out; a new failover process knows of it", async (t) => {
      writeFileSync(broken, "");
      await until("lvs2 holds the VIP", () => pair.holders().join() === "lvs2");
      t.equal(lvs1.metric('relevo_track_up{object="proxy",kind="script"}'), 0);
      const changed = await lvs1.logged("track-changed", 0, { object: "proxy", verdict: "down" });
      t.equal(changed["detail"], "exit status 1");

      const from = lvs1.log.length;
      process.kill(lvs1.pid("failover"), "SIGKILL");
      const started = await lvs1.logged("vrrp-transition", from);
      t.match(started, { from: "init", to: "fault", detail: "tracked script proxy is down" });
      rmSync(broken);
      await until("lvs1 holds the VIP", () => pair.holders().join() === "lvs1");
    });

    await t.test("a supervisor that hangs flips nothing", async (t) => {
      lvs1.signal("SIGSTOP");
      writeFileSync(broken, "");
      writeFileSync(load, "80\n");
      await sleep(3_000);
      t.same(pair.holders(), ["lvs1"]);
      lvs1.signal("SIGCONT");
      await until("lvs2 holds the VIP", () => pair.holders().join() === "lvs2");
      rmSync(broken);
      writeFileSync(load, "0\n");
      await until("lvs1 holds the VIP", () => pair.holders().join() === "lvs1");
    });

    await t.test("a configuration that tracks no more lets it go", async (t) => {
      writeFileSync(broken, "");
      await until("lvs2 holds the VIP", () => pair.holders().join() === "lvs2");
      lvs1.write(config(""));
      lvs1.signal("SIGHUP");
      await until("lvs1 holds the VIP", () => pair.holders().join() === "lvs1");
      t.equal(lvs1.metric('relevo_track_up{object="proxy",kind="script"}'), undefined);
    });

    lvs1.signal("SIGTERM");
    t.equal(await lvs1.ended(), 0);
    await until("nothing is left running", () => lvs1.processes().length === 0);
    t.equal(lvs1.complaints, "");
  });
}
