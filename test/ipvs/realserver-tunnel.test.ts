/**
 * Goal: after `relevo realserver apply` a real server unwraps each kind of tunnel over IPv4, under a
 * strict filter of sources, and answers past the director; `remove` leaves no trace; and a tunnel that the file changes is whole
 * after one `apply`. Method: as in realserver.test.ts.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { PreparedSite } from "./prepared-site.ts";
import { HOSTS, VIP } from "./site.ts";
import { REALS, servers, testTunnels } from "./tunnels.ts";

/** As `ip -j` shows an interface. */
interface Shown {
  readonly flags: readonly string[];
}

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  testTunnels("over IPv4", [
    ["TUN", 80, REALS, VIP],
    ["TUN type gue port 6080 csum", 81, REALS, VIP],
    ["TUN type gue port 6081 remcsum", 82, REALS, VIP],
    ["TUN type gre csum", 83, REALS, VIP],
  ]);

  t.test("a tunnel that is made anew is up and has the address, at once", (t) => {
    const site = new PreparedSite(servers([["TUN type gre", 80, REALS, VIP]]));
    t.teardown(() => site.close());
    const [host] = HOSTS;
    const before = site.state(host);
    t.match(site.realserver(host, "apply"), { status: 0 });
    const index = () => Number(/^\d+/.exec(site.onReal(host, "ip", "-o", "link", "show", "vip-gre0"))?.[0]);
    const first = index();
    site.write(servers([["TUN type gre csum", 80, REALS, VIP]]));
    t.match(site.realserver(host, "apply"), { status: 0 });
    t.not(index(), first, "another one");
    const [link] = JSON.parse(site.onReal(host, "ip", "-j", "-d", "address", "show", "vip-gre0")) as Shown[];
    t.ok(link?.flags.includes("UP"));
    t.match(link, { linkinfo: { info_data: { icsum: true } }, addr_info: [{ local: VIP, prefixlen: 32 }] });
    t.match(site.realserver(host, "check"), { status: 0 });
    t.match(site.realserver(host, "remove"), { status: 0 });
    t.equal(site.state(host), before);
    t.end();
  });
}
