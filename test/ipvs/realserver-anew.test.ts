/**
 * Goal: a tunnel that the file changes is whole after one `relevo realserver apply`: up, with the virtual address, and as the file says.
 * Method: the command itself, with two files one after the other; `ip` is the witness.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { PreparedSite } from "./prepared-site.ts";
import { HOSTS, VIP } from "./site.ts";
import { REALS, servers } from "./tunnels.ts";

/** As `ip -j` shows an interface. */
interface Shown {
  readonly flags: readonly string[];
}

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
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
