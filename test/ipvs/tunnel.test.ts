/**
 * Goal: connections reach the real servers through each kind of tunnel, and are answered past the director.
 * Method: a client that knows the virtual address only, a director, and real servers that unwrap and say who they are;
 * whether replies came through the director is counted by the kernel and read with `ipvsadm`.
 */

import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { inTurns, Site, TURNS, VIP } from "./site.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  for (const method of ["TUN", "TUN type gue port 6080 csum", "TUN type gre"]) {
    t.test(`${method}: the real servers unwrap, and answer past the director`, async (t) => {
      const site = new Site();
      t.teardown(() => site.close());
      const balancer = site.forkBalancer();
      const type = method.includes("gre") ? "gre" : "ipip";
      for (const host of [21, 22]) {
        site.onReal(host, "ip", "link", "add", "vip0", "type", type, "local", `198.51.100.${host}`);
        site.onReal(host, "ip", "link", "set", "vip0", "up");
        site.onReal(host, "sysctl", "-qw", "net.ipv4.conf.vip0.rp_filter=0");
        if (method.includes("gue")) {
          site.loadModule("fou");
          site.onReal(host, "ip", "fou", "add", "port", "6080", "gue");
        }
      }
      site.holdVip("vip0");
      await site.serve(80);
      const reals = "real_servers: [{ address: 198.51.100.21-22 }]";
      const service = `{ address: ${VIP}, port: 80, lvs_sched: rr, lvs_method: ${method}, ${reals} }`;
      await balancer.configure(configOf(`${instance()}virtual_servers: [${service}]\n`).balancer);
      t.strictSame(inTurns(site.ask(`http://${VIP}/`, 4)), TURNS);
      t.equal(await site.returned(4), 0);
      await balancer.stop();
    });
  }
}
