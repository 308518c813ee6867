/**
 * Goal: the kernel's connection sync daemons run as they are configured and as the mastership asks for, over the balancer's
 * own death and others' meddling, and are gone at the end.
 * Method: configuration files, the balancer process in a namespace; `ipvsadm -l --daemon` is the witness.
 */

import { fileURLToPath } from "node:url";
import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import {
  BACKUP,
  config,
  daemons,
  daemonsAre,
  FOLLOWING,
  makeInterface,
  MASTER,
  openWorld,
  VIP,
} from "./sync-daemons.ts";
import { kill, until, World } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const RELEVO = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

if (hasIpvs(t, import.meta.url)) {
  t.test(
    "the backup daemon runs all the time, the master daemon with the mastership and a while longer",
    async (t) => {
      const world = openWorld(t);
      const threshold = world.run("cat", "/proc/sys/net/ipv4/vs/sync_threshold");
      const balancer = world.forkBalancer();
      await balancer.configure(FOLLOWING);
      t.strictSame(daemons(world), [BACKUP]);
      t.match(world.record(), { daemons: ["master", "backup"] });
      t.equal(world.run("cat", "/proc/sys/net/ipv4/vs/sync_threshold"), "3\t0\n");

      balancer.follow([VIP], ["web"]);
      await daemonsAre(world, MASTER, BACKUP);
      const starts = () => balancer.events.filter(({ name }) => name === "sync-daemon-started");
      await until("it is told", () => starts().length === 2);
      t.strictSame(
        starts().map(({ fields }) => fields),
        [
          { state: "backup", interface: "eth1", id: 51 },
          { state: "master", interface: "eth1", id: 51 },
        ],
      );
      await until("a report", () => balancer.report?.syncDaemons.every(({ running }) => running) === true);

      t.comment("lost, and regained within the time that the master daemon runs on: nothing is stopped");
      const started = balancer.events.length;
      balancer.follow([], []);
      balancer.follow([VIP], ["web"]);
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      t.strictSame(daemons(world), [BACKUP, MASTER]);
      t.strictSame(balancer.events.slice(started), []);

      t.comment("lost for good");
      balancer.follow([], []);
      const lostAt = Date.now();
      await daemonsAre(world, BACKUP);
      t.ok(Date.now() - lostAt >= 3_000, "what it had collected could still be sent");
      await balancer.heard("sync-daemon-stopped");

      t.comment("somebody stops it, and somebody puts another in its place");
      world.run("ipvsadm", "--stop-daemon", "backup");
      await daemonsAre(world, BACKUP);
      t.same((await balancer.heard("sync-daemon-drift")).fields, { state: "backup" });
      await until("drift counted", () => balancer.count("drift", { kind: "sync-daemon" }) === 1);
      world.run("ipvsadm", "--stop-daemon", "backup");
      world.run("ipvsadm", "--start-daemon", "backup", "--mcast-interface", "lo", "--syncid", "7");
      await daemonsAre(world, BACKUP);

      t.comment("the interface is made anew, which the daemon does not notice");
      const before = balancer.events.length;
      world.run("ip", "link", "del", "eth1");
      makeInterface(world);
      await balancer.heard("sync-daemon-started", before);
      await daemonsAre(world, BACKUP);

      t.comment(
        "it is killed as master; the next one finds them, and stops both when they are no longer configured",
      );
      balancer.follow([VIP], ["web"]);
      await daemonsAre(world, MASTER, BACKUP);
      await kill(balancer.child);
      const next = world.forkBalancer();
      next.follow([VIP], ["web"]);
      await next.configure(FOLLOWING);
      t.strictSame(daemons(world), [BACKUP, MASTER]);
      t.notOk(
        next.events.some(({ name }) => name.startsWith("sync-daemon")),
        "nothing was started or stopped",
      );
      await next.configure(configOf(instance()).balancer);
      t.strictSame(daemons(world), []);
      t.notMatch(world.record(), { daemons: ["master"] });
      t.equal(world.run("cat", "/proc/sys/net/ipv4/vs/sync_threshold"), threshold);
      await next.stop();
      t.equal(world.record(), undefined);
    },
  );

  t.test(
    "a daemon that is not configured is left alone; both run without an instance, and go at the end",
    async (t) => {
      const world = openWorld(t);
      world.run("ipvsadm", "--start-daemon", "master", "--mcast-interface", "eth1", "--syncid", "9");
      const foreign = daemons(world);
      const balancer = world.forkBalancer();
      await balancer.configure(configOf(instance()).balancer);
      t.strictSame(daemons(world), foreign);

      await balancer.configure(config("{ interface: eth1, id: 3 }"));
      t.match(daemons(world), [/^backup.*mcast=eth1, syncid=3,.*port=8848, ttl=1/, /^master.*syncid=3,/]);
      await balancer.stop();
      t.strictSame(daemons(world), []);
      t.equal(world.record(), undefined);

      t.comment("killed, and released");
      const other = world.forkBalancer();
      await other.configure(config("{ interface: eth1, id: 3 }"));
      t.equal(daemons(world).length, 2);
      await kill(other.child);
      world.run(process.execPath, RELEVO, "release", "--run-dir", world.runDir);
      t.strictSame(daemons(world), []);
      t.equal(world.run("cat", "/proc/sys/net/ipv4/vs/sync_refresh_period"), "0\n");
      t.equal(world.record(), undefined);
    },
  );

  t.test("with backup_only the backup daemon rests while this is the master", async (t) => {
    const world = openWorld(t);
    const balancer = world.forkBalancer();
    await balancer.configure(
      config("{ interface: eth1, instance: web }", ", ipvs_sysctls: { backup_only: 1 }"),
    );
    t.match(daemons(world), [/^backup/]);
    t.equal(world.run("cat", "/proc/sys/net/ipv4/vs/backup_only"), "1\n");
    balancer.follow([VIP], ["web"]);
    await until("master alone", () => /^master[^\n]*$/.test(daemons(world).join("\n")));
    const names = () =>
      balancer.events.filter(({ name }) => name.startsWith("sync-")).map(({ fields }) => fields["state"]);
    await until("the events", () => names().length === 3);
    t.strictSame(
      names(),
      ["backup", "master", "backup"],
      "the master daemon is started before the other is stopped",
    );
    balancer.follow([], []);
    await until("both", () => daemons(world).length === 2);
    await until("backup alone", () => /^backup[^\n]*$/.test(daemons(world).join("\n")));
    await balancer.stop();
    t.equal(world.run("cat", "/proc/sys/net/ipv4/vs/backup_only"), "0\n");
  });

  t.test("what cannot be started is told in words once, and tried again", async (t) => {
    const world = new World();
    t.teardown(() => world.close());
    const balancer = world.forkBalancer();
    await balancer.configure(FOLLOWING);
    t.match((await balancer.heard("sync-daemon-failed")).fields, {
      errno: "ENODEV",
      operation: /^--start-daemon backup --mcast-interface eth1 --syncid 51 --sync-maxlen 1400/,
      cause: "there is no interface eth1",
      cure: /lvs_sync_daemon/,
    });
    await until("another try", () => balancer.count("ipvs_errors", { errno: "ENODEV" }) >= 2);
    makeInterface(world);
    await daemonsAre(world, BACKUP);
    t.equal(balancer.events.filter(({ name }) => name === "sync-daemon-failed").length, 1);
    await balancer.stop();
  });
}
