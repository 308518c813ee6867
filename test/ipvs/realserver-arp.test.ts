/**
 * Goal: nobody on the segment is told that a real server has the virtual address, and what is wrong is named with its cure.
 * Method: `relevo realserver` with the directors' file; `arping` on the client is the witness.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { PreparedSite } from "./prepared-site.ts";
import { HOSTS, VIP } from "./site.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const SERVERS = `
  - { address: ${VIP}, port: 80, lvs_method: DR, real_servers: [{ address: 198.51.100.21-22 }] }
`;
const [HOST] = HOSTS;

if (hasIpvs(t, import.meta.url)) {
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
    t.match(lines.slice(1), [
      /arp_ignore is 0.*sysctl -w net\/ipv4\/conf\/all\/arp_ignore=1/,
      /192\.0\.2\.100 is missing on lo.*ip address add 192\.0\.2\.100\/32 dev lo/,
      /192\.0\.2\.100 is on eth0, which answers for it: ip address del 192\.0\.2\.100\/24 dev eth0/,
      /relevo realserver apply puts/,
    ]);
  });
}
