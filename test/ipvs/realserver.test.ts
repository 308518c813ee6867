/**
 * Goal: after `relevo realserver apply` a real server gets connections by direct routing and answers past the director, and
 * `remove` leaves no trace.
 * Method: the command itself, with the directors' file; a client that knows the virtual address only. Witnesses are the
 * client, `ip`, `sysctl` and the director's counts (`ipvsadm`).
 */

import t from "tap";
import { configOf } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { PreparedSite } from "./prepared-site.ts";
import { HOSTS, inTurns, TURNS, VIP, VIP6 } from "./site.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const SERVERS = `
  - { address: ${VIP}, port: 80, lvs_sched: rr, lvs_method: DR, real_servers: [{ address: 198.51.100.21-22 }] }
  - { address: "${VIP6}", port: 80, lvs_sched: rr, lvs_method: DR, real_servers: [{ address: "2001:db8:2::21-22" }] }
`;
const [HOST] = HOSTS;

if (hasIpvs(t, import.meta.url)) {
  t.test("direct routing, both families: answered past the director, undone", async (t) => {
    const site = new PreparedSite(SERVERS);
    t.teardown(() => site.close());
    const before = HOSTS.map((host) => site.state(host));
    const balancer = site.forkBalancer();
    await balancer.configure(configOf(site.text).balancer);

    for (const host of HOSTS) t.equal(site.realserver(host, "apply").status, 0);
    const applied = site.state(HOST);
    const again = site.realserver(HOST, "apply");
    t.match(again, { status: 0, lines: [/^tcp .* by direct routing/, /^tcp .* by direct routing/] });
    t.equal(again.lines.length, 2, "nothing to do");
    t.equal(site.state(HOST), applied);
    t.equal(site.realserver(HOST, "check").status, 0);

    await site.serve(80);
    t.strictSame(inTurns(site.ask(`http://${VIP}/`, 4)), TURNS);
    t.strictSame(inTurns(site.ask(`http://[${VIP6}]/`, 4)), TURNS, "IPv6");
    t.equal(await site.returned(8), 0, "past the director");

    for (const [index, host] of HOSTS.entries()) {
      t.equal(site.realserver(host, "remove").status, 0);
      t.equal(site.state(host), before[index]);
    }
    await balancer.stop();
  });
}
