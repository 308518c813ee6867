/**
 * The options of virtual addresses. Goal: each is read alike from a line and from a map, and what is left out stays out.
 * Method: entries and the core's addresses, by hand.
 */

import t from "tap";
import { complaints, configOf, instance } from "./reading.ts";

function built(entry: string): unknown {
  const text = instance({ version: "3", virtual_ipaddress: `[${entry}]` });
  const [address] = configOf(text).failover.routers[0]?.addresses ?? [];
  // What is the instance's is not the entry's.
  const { lease: _, ...own } = { lease: undefined, ...address };
  return own;
}

const PLAIN = { address: "192.0.2.100", prefixLength: 24, interface: "eth0" };

t.test("a line and a map mean the same", (t) => {
  const both: readonly (readonly [string, string, unknown])[] = [
    ["192.0.2.100/24", "{ address: 192.0.2.100/24 }", PLAIN],
    [
      "192.0.2.100/24 label eth0:web",
      "{ address: 192.0.2.100/24, label: 'eth0:web' }",
      { ...PLAIN, label: "eth0:web" },
    ],
    ["192.0.2.100/24 scope link", "{ address: 192.0.2.100/24, scope: 253 }", { ...PLAIN, scope: 253 }],
    ["192.0.2.100/24 scope 0", "{ address: 192.0.2.100/24, scope: global }", PLAIN],
    [
      "192.0.2.100/24 brd +",
      "{ address: 192.0.2.100/24, brd: 192.0.2.255 }",
      { ...PLAIN, broadcast: "192.0.2.255" },
    ],
    [
      "10.1.2.100/22 brd -",
      "{ address: 10.1.2.100/22, brd: '-' }",
      { address: "10.1.2.100", prefixLength: 22, interface: "eth0", broadcast: "10.1.0.0" },
    ],
    [
      "192.0.2.100/24 noprefixroute dev eth1",
      "{ address: 192.0.2.100/24, dev: eth1, noprefixroute: true }",
      { ...PLAIN, interface: "eth1", noPrefixRoute: true },
    ],
    [
      "192.0.2.100 peer 198.51.100.2/31",
      "{ address: 192.0.2.100, peer: 198.51.100.2/31 }",
      { ...PLAIN, prefixLength: 31, peer: "198.51.100.2" },
    ],
    [
      "'2001:db8::100/64 preferred_lft 0'",
      "{ address: '2001:db8::100/64', preferred_lft: 0 }",
      { address: "2001:db8::100", prefixLength: 64, interface: "eth0", deprecated: true },
    ],
    [
      "'2001:db8::100/128 preferred_lft forever'",
      "{ address: '2001:db8::100/128', preferred_lft: forever }",
      { address: "2001:db8::100", prefixLength: 128, interface: "eth0", deprecated: false },
    ],
    [
      "'2001:db8::100 preferred_lft 0'",
      "{ address: '2001:db8::100', noprefixroute: false }",
      { address: "2001:db8::100", prefixLength: 128, interface: "eth0" },
    ],
  ];
  for (const [line, map, expected] of both) {
    t.strictSame(built(line), expected, line);
    t.strictSame(built(map), expected, map);
  }
  t.end();
});

t.test("a director's own address cannot float, unless the director owns it", (t) => {
  const floating = (keys: Readonly<Record<string, string>>) =>
    complaints(instance({ virtual_ipaddress: "[192.0.2.11/24]", ...keys })).filter((line) =>
      line.includes("duplicate-address"),
    );
  const said = /192.0.2.11 is a director's own \(line 6\) and cannot float: give the instance another/;
  t.match(floating({ unicast_peer: "[192.0.2.12, 192.0.2.11]" }), [said]);
  t.match(floating({ mcast_src_ip: "192.0.2.11" }), [said]);
  t.same(floating({ unicast_peer: "[192.0.2.12]" }), []);
  t.same(floating({ mcast_src_ip: "192.0.2.11", priority: "255" }), []);
  t.end();
});
