/**
 * Goal: after `relevo realserver apply` a real server gets connections by direct routing and answers past the director,
 * nobody on the segment is told of the address, and `remove` leaves no trace; what is wrong is named with its cure.
 * Method: the command itself, with the directors' file; a client that knows the virtual address only. Witnesses are the
 * client, `arping`, `ip`, `sysctl` and the director's counts (`ipvsadm`).
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
  t.test("direct routing, both families: answered past the director, told to nobody, undone", async (t) => {
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

  t.test("nobody but the director answers ARP for the address", async (t) => {
    const site = new PreparedSite(SERVERS);
    t.teardown(() => site.close());
    const director = /link\/ether (\S+)/.exec(site.run("ip", "link", "show", "eth0"))?.[1];
    for (const host of HOSTS) site.onReal(host, "ip", "addr", "add", `${VIP}/32`, "dev", "lo");
    t.equal(site.whoAnswersArp(VIP).length, 3, "held without a thought, by all three");
    for (const host of HOSTS) t.equal(site.realserver(host, "apply").status, 0);
    t.strictSame(site.whoAnswersArp(VIP), [director]);
    t.equal(site.realserver(HOST, "remove").status, 0);
    t.equal(site.whoAnswersArp(VIP).length, 2, "as it was: that address was there before");
  });

  t.test("what is missing or wrong is named with its cure", async (t) => {
    const site = new PreparedSite(SERVERS);
    t.teardown(() => site.close());
    t.equal(site.realserver(HOST, "apply").status, 0);
    site.onReal(HOST, "ip", "addr", "add", `${VIP}/24`, "dev", "eth0");
    site.onReal(HOST, "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0");
    site.onReal(HOST, "ip", "addr", "del", `${VIP}/32`, "dev", "lo");
    const { status, lines } = site.realserver(HOST, "check");
    t.equal(status, 1);
    t.match(lines.slice(2), [
      /arp_ignore is 0.*sysctl -w net\/ipv4\/conf\/all\/arp_ignore=1/,
      /192\.0\.2\.100 is missing on lo.*ip address add 192\.0\.2\.100\/32 dev lo/,
      /192\.0\.2\.100 is on eth0, which answers for it: ip address del 192\.0\.2\.100\/24 dev eth0/,
      /relevo realserver apply puts/,
    ]);
  });
}
