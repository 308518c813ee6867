/**
 * Goal: an address is added as its options say, and removed again; with promote_secondaries the removal of a primary
 * address leaves the others. Method: a director on a host, and `ip` and /proc/sys as the witnesses.
 */

import t from "tap";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import type { Ipv6 } from "../../src/core/units/ipv6.ts";
import type { VirtualAddress } from "../../src/core/vrrp/model.ts";
import { Director, VIP, web } from "./director.ts";
import { type Host, Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { web6 } from "./web6.ts";

/** An address in the words of `ip -o`, without its lifetimes; undefined when it is not there. */
function shown(host: Host, address: string): string | undefined {
  const lines = host.ip("-o", "address", "show", "dev", "eth0").split("\n");
  const found = lines.find((line) => line.includes(` ${address}`));
  return found === undefined ? undefined : /inet6? (.*?) *\\/.exec(found)?.[1]?.replace(" dynamic", "");
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 2;

  t.test("options of IPv4", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const addresses: VirtualAddress[] = [
      { ...VIP, label: "eth0:web", broadcast: "192.0.2.255" as Ipv4 },
      { ...VIP, address: "203.0.113.1" as Ipv4, scope: 253, noPrefixRoute: true },
      { ...VIP, address: "203.0.113.5" as Ipv4, prefixLength: 32, peer: "198.18.0.1" as Ipv4 },
    ];
    await director.configure([web({ addresses })]);
    await director.reaches("master");
    t.equal(shown(host, "192.0.2.100"), "192.0.2.100/24 brd 192.0.2.255 scope global secondary eth0:web");
    t.equal(shown(host, "203.0.113.1"), "203.0.113.1/24 scope link noprefixroute eth0");
    t.equal(shown(host, "203.0.113.5"), "203.0.113.5 peer 198.18.0.1/32 scope global eth0");
    const routes = host.ip("route", "show", "dev", "eth0");
    t.notMatch(routes, "203.0.113.0/24");
    t.match(routes, "198.18.0.1 proto kernel scope link src 203.0.113.5");

    host.ip("address", "del", "203.0.113.5", "peer", "198.18.0.1/32", "dev", "eth0");
    await until("it is back with its peer", () => shown(host, "203.0.113.5")?.includes("198.18.0.1"));
    await director.configure([web({ addresses: [{ ...VIP, label: "eth0:new" }, ...addresses.slice(1)] })]);
    t.match(shown(host, "192.0.2.100"), /eth0:new$/, "another label: added anew");
    t.same(director.transitions, ["init -> backup (startup)", "backup -> master (master-down)"]);
    await director.kill();
    director.restart();
    await director.configure([], director.diedAt);
    t.same(host.addresses("eth0"), ["192.0.2.11/24"], "what was left is removed, with and without a peer");
  });

  t.test("options of IPv6", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.useIpv6();
    const director = new Director(lan, host);
    const on = { prefixLength: 64, interface: "eth0" };
    const addresses: VirtualAddress[] = [
      { ...on, address: "fe80::100" as Ipv6 },
      { ...on, address: "2001:db8::100" as Ipv6, deprecated: true },
      { ...on, address: "2001:db8::101" as Ipv6, prefixLength: 128, deprecated: false },
      { ...on, address: "2001:db8:1::102" as Ipv6, noPrefixRoute: true },
    ];
    await director.configure([web6({ addresses })]);
    await director.reaches("master");
    t.match(shown(host, "2001:db8::100"), /^2001:db8::100\/64 scope global .*deprecated/);
    t.equal(shown(host, "2001:db8::101"), "2001:db8::101/128 scope global nodad");
    t.equal(shown(host, "2001:db8:1::102"), "2001:db8:1::102/64 scope global nodad noprefixroute");
    t.notMatch(host.ip("-6", "route", "show", "dev", "eth0"), "2001:db8:1::/64");
  });

  t.test("promote_secondaries: others stay when the primary goes, and it is put back", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const setting = () =>
      run("ip", ...host.inside(), "sysctl", "-n", "net.ipv4.conf.eth0.promote_secondaries").trim();
    host.sysctl("net.ipv4.conf.eth0.promote_secondaries=0");
    const director = new Director(lan, host);
    const primary = { ...VIP, address: "203.0.113.1" as Ipv4 };
    await director.configure([web({ addresses: [VIP, primary], promoteSecondaries: true })]);
    t.equal(setting(), "1");
    await director.reaches("master");
    host.ip("address", "add", "203.0.113.9/24", "dev", "eth0");
    await director.configure([web({ promoteSecondaries: true })]);
    await until("the VIP is gone", () => !host.addresses("eth0").includes("203.0.113.1/24"));
    t.ok(host.addresses("eth0").includes("203.0.113.9/24"), "somebody else's address in its network stays");
    await director.kill();
    director.restart();
    await director.configure([web()], director.diedAt);
    t.equal(setting(), "0", "no longer asked for: what an earlier life set is put back");
    await director.configure([web({ promoteSecondaries: true })]);
    t.equal(setting(), "1");
    await director.stop();
    t.equal(setting(), "0");
    t.same(
      director.named("sysctl-restored").map(({ sysctl, value }) => `${String(sysctl)} ${String(value)}`),
      Array(2).fill("net/ipv4/conf/eth0/promote_secondaries 0"),
    );
  });
}
