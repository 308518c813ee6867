/**
 * Goal: a director that is told to stop hands over and leaves nothing behind. Method: SIGTERM to the master of a pair on a
 * kernel with ip_vs; `ip`, `ipvsadm`, the file system and the process list look at what is left.
 */

import t from "tap";
import { hasIpvs } from "../ipvs/guest.ts";
import { configuration, Pair, until, VIP } from "./pair.ts";

const SERVERS = `
virtual_servers:
  - address: 192.0.2.100
    port: 80
    lvs_sched: rr
    real_servers: [{ address: 192.0.2.21, port: 8080 }, { address: 192.0.2.22, port: 8080, weight: 2 }]
`;
const TABLE = [
  "-A -t 192.0.2.100:80 -s rr",
  "-a -t 192.0.2.100:80 -r 192.0.2.21:8080 -m -w 1",
  "-a -t 192.0.2.100:80 -r 192.0.2.22:8080 -m -w 2",
];
const FOREIGN = "-A -t 192.0.2.9:25 -s wrr";

if (hasIpvs(t, import.meta.url)) {
  t.test("farewell", async (t) => {
    const pair = new Pair(configuration(SERVERS));
    t.teardown(() => pair.close());
    const { lvs1, lvs2 } = pair;
    const table = (director: typeof lvs1) =>
      director
        .run("ipvsadm", "-Sn")
        .trim()
        .split("\n")
        .map((line) => line.trim());
    const forwarding = (director: typeof lvs1) => director.run("sysctl", "-n", "net.ipv4.ip_forward").trim();
    lvs1.run("ipvsadm", ...FOREIGN.split(" "));
    await lvs1.start();
    await until("lvs1 holds the VIP", () => lvs1.holds(VIP));
    await lvs2.start();
    await until("the table is on both", () => table(lvs2).length === 3 && table(lvs1).length === 4);

    t.same(new Set(table(lvs1)), new Set([...TABLE, FOREIGN]));
    t.same(new Set(table(lvs2)), new Set(TABLE), "programmed ahead of a takeover");
    t.equal(forwarding(lvs1), "1");

    await t.test("after SIGTERM of a master with a live peer", async (t) => {
      lvs1.signal("SIGTERM");
      t.equal(await lvs1.ended(), 0);
      t.same(lvs1.addresses(), ["192.0.2.11/24"], "ip addr");
      t.same(table(lvs1), [FOREIGN], "ipvsadm: only what is somebody else's");
      t.equal(lvs1.runFiles(), undefined, "run directory");
      t.same(lvs1.processes(), [], "process list");
      t.equal(forwarding(lvs1), "0", "settings");
      t.equal(lvs1.log.at(-1)?.event, "stopped");
      t.equal(lvs1.complaints, "");
      await until("the peer holds the VIP", () => lvs2.holds(VIP));
      const taken = await lvs2.logged("vrrp-transition", 0, { to: "master" });
      t.equal(taken["cause"], "master-resigned");
    });

    await t.test("after a second SIGTERM, which does not wait", async (t) => {
      process.kill(lvs2.pid("failover"), "SIGSTOP");
      lvs2.signal("SIGTERM");
      await lvs2.logged("stopping");
      lvs2.signal("SIGTERM");
      t.equal(await lvs2.ended(), 0);
      t.same(lvs2.addresses(), ["192.0.2.12/24"], "ip addr");
      t.same(table(lvs2), [""], "ipvsadm");
      t.equal(lvs2.runFiles(), undefined, "run directory");
      t.same(lvs2.processes(), [], "process list");
      t.equal(forwarding(lvs2), "0", "settings");
    });
  });
}
