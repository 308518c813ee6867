/**
 * Goal: from the directors' file and its own addresses a machine knows what it has to have. Method: virtual servers of each
 * kind, and the setup worked out by hand.
 */

import t from "tap";
import type { RealServerConfig } from "../../../src/core/realserver/model.ts";
import { desiredSetup, wayBackFaults } from "../../../src/core/realserver/setup.ts";
import type { Route, VirtualServer } from "../../../src/core/balance/model.ts";
import { ip, realServer, virtualServer, WEB } from "../balance/servers.ts";

const OWN = new Set([ip("198.51.100.21"), ip("2001:db8:2::21")]);
const WEB6 = { protocol: "tcp", address: ip("2001:db8:1::100"), port: 80 } as const;
const DR: Route = { method: "dr", tunnel: undefined };

function tunnel(type: "ipip" | "gue" | "gre", port = 0, checksum: "nocsum" | "csum" = "nocsum"): Route {
  return { method: "tunnel", tunnel: { type, port, checksum } };
}

function config(virtualServers: readonly VirtualServer[], given: Partial<RealServerConfig> = {}) {
  return { virtualServers, interface: "lo", markAddresses: [], floating: [], directors: [], ...given };
}

function setupOf(...virtualServers: readonly VirtualServer[]) {
  return desiredSetup(config(virtualServers), OWN).setup;
}

t.test("direct routing holds the address on lo, or on a dummy", (t) => {
  const servers = [virtualServer(WEB, [realServer(21, DR), realServer(22, DR)])];
  t.strictSame(setupOf(...servers), {
    holders: [],
    ports: [],
    addresses: [{ interface: "lo", address: "192.0.2.100" }],
  });
  t.strictSame(desiredSetup(config(servers, { interface: "vips0" }), OWN).setup, {
    holders: [{ name: "vips0", kind: "dummy" }],
    ports: [],
    addresses: [{ interface: "vips0", address: "192.0.2.100" }],
  });
  t.strictSame(setupOf(virtualServer(WEB, [realServer(22, DR)])).addresses, [], "another machine's");
  t.end();
});

t.test("NAT needs nothing here", (t) => {
  const { setup, duties, impossible } = desiredSetup(config([virtualServer(WEB, [realServer(21)])]), OWN);
  t.strictSame(setup, { holders: [], ports: [], addresses: [] });
  t.match(duties, [/^tcp 192\.0\.2\.100:80 by NAT at 198\.51\.100\.21: nothing to set up here/]);
  t.strictSame(impossible, []);
  t.end();
});

t.test("behind NAT the default gateway is an address that floats", (t) => {
  const floating = [ip("192.0.2.100"), ip("198.51.100.1")];
  const about = config([virtualServer(WEB, [realServer(21)])], { floating });
  const { translated } = desiredSetup(about, OWN);
  t.strictSame(translated, [4]);
  t.strictSame(wayBackFaults(about, translated, [ip("2001:db8::9"), ip("198.51.100.1")]), []);
  t.strictSame(wayBackFaults(about, translated, [ip("198.51.100.254")]), [
    "the default gateway is 198.51.100.254: replies by NAT have to go through the director, by one of 192.0.2.100, 198.51.100.1",
  ]);
  t.match(wayBackFaults(about, translated, []), [/^there is no default gateway: /]);
  t.strictSame(
    wayBackFaults(config([]), translated, []),
    [],
    "a file without floating addresses says nothing",
  );
  t.end();
});

t.test("each tunnel ends at an interface of its kind", (t) => {
  const six = ip("2001:db8:2::21");
  const { setup, duties } = desiredSetup(
    config([
      virtualServer(WEB, [realServer(21, tunnel("ipip"))]),
      virtualServer({ ...WEB, port: 81 }, [realServer(21, tunnel("gue", 6080, "csum"))]),
      virtualServer({ ...WEB, port: 82 }, [realServer(21, tunnel("gre", 0, "csum"))]),
      virtualServer(WEB6, [realServer(21, tunnel("ipip"))]),
      virtualServer({ ...WEB6, port: 81 }, [realServer(0, { ...tunnel("gue", 6081), address: six })]),
      virtualServer({ ...WEB6, port: 82 }, [realServer(0, { ...tunnel("gre"), address: six })]),
    ]),
    OWN,
  );
  const [four, local6] = ["198.51.100.21", "2001:db8:2::21"];
  t.strictSame(setup, {
    holders: [
      { name: "vip-gre0", kind: "gre", local: four, checksum: true },
      { name: "vip-ip6gre1", kind: "ip6gre", local: local6, checksum: false },
      { name: "vip-ip6tnl1", kind: "ip6tnl", local: local6, checksum: false },
      { name: "vip-ipip0", kind: "ipip", local: four, checksum: false },
      { name: "vip-sit0", kind: "sit", local: four, checksum: false },
    ],
    ports: [
      { port: 6080, family: 4 },
      { port: 6081, family: 6 },
    ],
    addresses: [
      { interface: "vip-gre0", address: "192.0.2.100" },
      { interface: "vip-ip6gre1", address: "2001:db8:1::100" },
      { interface: "vip-ip6tnl1", address: "2001:db8:1::100" },
      { interface: "vip-ipip0", address: "192.0.2.100" },
      { interface: "vip-sit0", address: "2001:db8:1::100" },
    ],
  });
  // 20 for IPv4, 8 for UDP, 4 for GUE, 4 and 4 for GRE; 40 for IPv6. TCP over IPv4 takes 40 bytes, over IPv6 60.
  t.match(duties, [
    /:80 .*20 bytes .* carry 1520, .* advmss 1440$/,
    /:81 .*32 bytes .* carry 1532, .* advmss 1428$/,
    /:82 .*28 bytes .* carry 1528, .* advmss 1432$/,
    /:80 .*20 bytes .* carry 1520, .* advmss 1420$/,
    /:81 .*52 bytes .* carry 1552, .* advmss 1388$/,
    /:82 .*44 bytes .* carry 1544, .* advmss 1396$/,
  ]);
  t.end();
});

t.test("a sorry server is a real server, too", (t) => {
  const sorryServer = { ...DR, address: ip("198.51.100.21"), port: 80, inhibit: false };
  t.strictSame(setupOf(virtualServer(WEB, [realServer(22, DR)], { sorryServer })).addresses, [
    { interface: "lo", address: "192.0.2.100" },
  ]);
  t.end();
});

t.test("the addresses of a mark are those that the file names", (t) => {
  const marked = virtualServer({ fwmark: 7, family: 4 }, [realServer(21, DR)]);
  const bare = desiredSetup(config([marked]), OWN);
  t.strictSame(bare.setup.addresses, []);
  t.match(bare.impossible, [/^fwmark 7: a firewall mark has no address: .*realserver\.fwmark_addresses$/]);
  const markAddresses = [ip("192.0.2.101"), ip("2001:db8::9")];
  const named = desiredSetup(config([marked], { markAddresses }), OWN);
  t.strictSame(named.setup.addresses, [{ interface: "lo", address: "192.0.2.101" }], "of its family");
  t.strictSame(named.impossible, []);
  t.end();
});

t.test("gre with and without checksum cannot end at one address", (t) => {
  const { setup, impossible } = desiredSetup(
    config([
      virtualServer(WEB, [realServer(21, tunnel("gre"))]),
      virtualServer({ ...WEB, port: 81 }, [realServer(21, tunnel("gre", 0, "csum"))]),
    ]),
    OWN,
  );
  t.equal(setup.holders.length, 1);
  t.match(impossible, [/^tcp 192\.0\.2\.100:81: gre with a checksum and gre without/]);
  t.end();
});
