/**
 * Goal: the sync daemons outlive a balancer that dies, with all that was set for them, and a reload changes also what
 * they do not tell of themselves.
 * Method: configuration files, the balancer process in a namespace; `ipvsadm -l --daemon`, `ss` and /proc are the witnesses.
 */

import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { BACKUP, config, DAEMON, daemons, daemonsAre, MASTER, openWorld, VIP } from "./sync-daemons.ts";
import { kill, until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  t.test("the next life of a balancer that died changes nothing of what it finds", async (t) => {
    const world = openWorld(t);
    const ports = Array.from({ length: 20 }, (_, index) => 8_000 + index);
    const virtualServers = ports.map(
      (port) => `{ address: ${VIP}, port: ${port}, real_servers: [{ address: 198.51.100.21-29 }] }`,
    );
    const director = configOf(
      `global_defs: { lvs_sync_daemon: ${DAEMON} }\n${instance()}virtual_servers: [${virtualServers.join()}]\n`,
    ).balancer;
    const balancer = world.forkBalancer();
    balancer.follow([VIP], ["web"]);
    await balancer.configure(director);
    await daemonsAre(world, MASTER, BACKUP);
    const isForwarding = () => world.run("cat", "/proc/sys/net/ipv4/ip_forward").trim();
    t.equal(isForwarding(), "1", "NAT needs it");

    await kill(balancer.child);
    const next = world.forkBalancer();
    next.follow([VIP], ["web"]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.strictSame(daemons(world), [BACKUP, MASTER], "before it is configured");
    t.equal(isForwarding(), "1");
    await next.configure(director);
    t.strictSame(daemons(world), [BACKUP, MASTER]);
    t.equal(isForwarding(), "1");
    await until("a report", () => next.report !== undefined);
    t.strictSame(
      next.events.map(({ name }) => name),
      [],
      "nothing was restored, set, stopped or started",
    );
    t.equal(next.count("ipvs_changes"), 0);
    await next.stop();
    t.equal(isForwarding(), "0");
  });

  t.test(
    "a reload changes what a daemon takes on when it is started, and the next life knows it",
    async (t) => {
      const world = openWorld(t);
      const following = (keys: string, sysctls = "") =>
        config(`{ interface: eth1, instance: web${keys} }`, sysctls && `, ipvs_sysctls: { ${sysctls} }`);
      /** The backup daemon's ports, each with the room of its socket. */
      const sockets = () =>
        [...world.run("ss", "-Huanm").matchAll(/:(88\d\d) .*\n?.*skmem:\(r0,rb(\d+)/g)]
          .filter(([, port]) => port !== undefined)
          .map(([, port, room]) => `${port} ${room}`)
          .sort();
      const stopped = (balancer: { events: readonly { name: string }[] }) =>
        balancer.events.filter(({ name }) => name === "sync-daemon-stopped").length;

      const balancer = world.forkBalancer();
      balancer.follow([VIP], ["web"]);
      await balancer.configure(following(", maxlen: 1400"));
      t.match(daemons(world), [/^backup.*maxlen=1400/, /^master.*maxlen=1400/]);
      const before = sockets();
      t.match(before, [/^8848 /]);
      t.equal(before.length, 1);

      t.comment("maxlen is taken out");
      await balancer.configure(following(""));
      t.match(daemons(world), [/^backup.*maxlen=1472/, /^master.*maxlen=1472/]);
      await until("both are replaced", () => stopped(balancer) === 2);

      t.comment("sync_sock_size is there");
      await balancer.configure(following("", "sync_sock_size: 50000"));
      t.strictSame(sockets(), ["8848 100000"]);
      t.equal(daemons(world).length, 2);

      t.comment("sync_ports is there, and the kernel takes it only when none runs");
      await balancer.configure(following("", "sync_sock_size: 50000, sync_ports: 4"));
      t.strictSame(sockets(), ["8848 100000", "8849 100000", "8850 100000", "8851 100000"]);
      t.equal(daemons(world).length, 2);
      await until("all are replaced", () => stopped(balancer) === 6);

      t.comment("a reload that changes nothing of it");
      await balancer.configure(following("", "sync_sock_size: 50000, sync_ports: 4, sloppy_tcp: 1"));
      t.equal(stopped(balancer), 6);

      t.comment("killed; the next one finds them as they are to be, and another as they are not");
      await kill(balancer.child);
      const next = world.forkBalancer();
      next.follow([VIP], ["web"]);
      await next.configure(following("", "sync_sock_size: 50000, sync_ports: 4, sloppy_tcp: 1"));
      t.equal(stopped(next), 0);
      await kill(next.child);
      const other = world.forkBalancer();
      other.follow([VIP], ["web"]);
      await other.configure(following(""));
      t.strictSame(sockets(), before);
      t.equal(daemons(world).length, 2);
      await other.stop();
      t.equal(world.record(), undefined);
    },
  );
}
