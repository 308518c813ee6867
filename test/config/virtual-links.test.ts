/**
 * Goal: use_vmac and use_ipvlan are read in each of their forms and built into what the core is told; what contradicts is told
 * at its place. Method: small files, names and hardware addresses by hand.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const SIX = '["fe80::100/64", "2001:db8::100/64"]';

/** The first instance that a text makes. */
function router(text: string, node?: string) {
  const { routers } = configOf(text, node === undefined ? {} : { node }).failover;
  return routers[0];
}

/** The hardware address of an instance's interface. */
function mac(text: string): string {
  const link = router(text)?.link;
  return link?.type === "macvlan" ? Buffer.from(link.mac).toString("hex") : "";
}

t.test("use_vmac: an interface with keepalived's name and the RFC's hardware address", (t) => {
  t.match(router(instance({ use_vmac: "true" })), {
    link: { type: "macvlan", name: "vrrp.51", base: "eth0", holdsIpv4: true },
    sendsByLink: true,
    addresses: [{ address: "192.0.2.100", interface: "vrrp.51" }],
  });
  t.equal(mac(instance({ use_vmac: "true" })), "00005e000133");
  const six = instance({ use_vmac: "true", virtual_ipaddress: SIX });
  t.match(router(six)?.link, { name: "vrrp6.51", holdsIpv4: false });
  t.equal(mac(six), "00005e000233");
  t.equal(router(instance({ use_vmac: "ha.out" }))?.link?.name, "ha.out");
  t.equal(router(`global_defs: { vmac_prefix: ha }\n${instance({ use_vmac: "true" })}`)?.link?.name, "ha.51");
  const own = instance({ use_vmac: '{ name: v1, mac: "02:00:00:00:00:aa" }' });
  t.equal(router(own)?.link?.name, "v1");
  t.equal(mac(own), "0200000000aa");
  t.equal(mac(instance({ use_vmac: '{ mac: "02:00:00:00:00" }' })), "020000000033", "five bytes and the id");
  t.equal(router(instance({ use_vmac: "false" }))?.link, undefined);
  t.equal(router(instance({ use_vmac: "true", vmac_xmit_base: "true" }))?.sendsByLink, false);
  t.end();
});

t.test("the addresses of the instance's interface are on it, others where they are said to be", (t) => {
  const text = instance({
    use_vmac: "true",
    virtual_ipaddress: '[192.0.2.100/24, "192.0.2.101/24 dev eth0", "198.51.100.1/24 dev eth1"]',
    virtual_ipaddress_excluded: '["2001:db8::1/64"]',
  });
  t.same(
    router(text)?.addresses.map((address) => address.interface),
    ["vrrp.51", "vrrp.51", "eth1", "vrrp.51"],
  );
  const delays = configOf(`interface_up_down_delays: { eth0: { down: 1, up: 5 } }\n${text}`).failover
    .linkDelays;
  t.same(delays["vrrp.51"], delays.eth0, "waited for like the interface below");
  t.end();
});

t.test("use_ipvlan: adverts come from its address", (t) => {
  t.match(router(instance({ use_ipvlan: "{ address: 192.0.2.21/24 }" })), {
    link: {
      type: "ipvlan",
      name: "vrrp.51",
      mode: "bridge",
      address: { address: "192.0.2.21", prefixLength: 24 },
    },
    sendsByLink: false,
    delivery: { source: "192.0.2.21" },
    addresses: [{ interface: "vrrp.51" }],
  });
  const file = `directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }\n${instance({
    use_ipvlan: "{ name: ipv, mode: private, address: { lvs1: 192.0.2.21/24, lvs2: 192.0.2.22/24 } }",
  })}`;
  t.match(router(file, "lvs2"), {
    link: { name: "ipv", mode: "private", address: { address: "192.0.2.22" } },
    delivery: { source: "192.0.2.22" },
  });
  t.match(router(instance({ use_ipvlan: "ipv6", virtual_ipaddress: SIX })), {
    link: { type: "ipvlan", name: "ipv6", address: undefined },
    delivery: { source: undefined },
  });
  t.end();
});

t.test("what cannot be is told at its place", (t) => {
  const at = (keys: Readonly<Record<string, string>>) => codes(instance(keys));
  t.strictSame(at({ use_vmac: "true", use_ipvlan: "{ address: 192.0.2.21/24 }" }), [
    "7:5 error vmac-contradiction",
  ]);
  t.strictSame(at({ use_vmac: "true", unicast_peer: "[192.0.2.12]" }), ["6:5 error vmac-unicast"]);
  t.strictSame(at({ use_vmac: "true", vmac_xmit_base: "true", unicast_peer: "[192.0.2.12]" }), []);
  t.strictSame(at({ vmac_xmit_base: "true" }), ["6:5 warning unused-vmac"]);
  t.strictSame(at({ use_vmac: "eth0" }), ["6:5 error duplicate-vmac"], "the interface's own name");
  t.strictSame(at({ use_vmac: '"a b"' }), ["6:15 error bad-name"]);
  t.strictSame(at({ use_vmac: '{ mac: "01:00:5e:00:01:33" }' }), ["6:22 error bad-address"], "a group's");
  t.strictSame(at({ use_vmac: '{ mac: "00:00:00:00:00:00" }' }), ["6:22 error bad-address"]);
  t.strictSame(at({ use_vmac: '{ mac: "02:00:00:33" }' }), ["6:22 error bad-address"]);
  t.strictSame(at({ use_ipvlan: "true" }), ["6:5 error ipvlan-address"]);
  t.strictSame(at({ use_ipvlan: '{ address: "2001:db8::1/64" }' }), ["6:28 error mixed-families"]);
  t.strictSame(at({ use_ipvlan: "{ address: 192.0.2.21/24, mode: l3 }" }), ["6:49 error unknown-value"]);
  t.strictSame(at({ use_ipvlan: "{ address: 192.0.2.21/24 }", mcast_src_ip: "192.0.2.11" }), [
    "7:5 error vmac-contradiction",
  ]);
  t.match(complaints(`global_defs: { vmac_prefix: longer-than-10 }\n${instance()}`), [
    /cannot start an interface's name/,
  ]);
  const pair = (keys: string) =>
    `directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }\n${instance({ use_ipvlan: keys })}`;
  t.strictSame(codes(pair("{ address: 192.0.2.21/24 }")), ["7:28 warning plain-source"]);
  t.strictSame(codes(pair("{ address: { lvs1: 192.0.2.21/24 } }")), ["7:28 error ipvlan-address"]);
  t.end();
});

/** Two instances, on these interfaces, with these keys each. */
const two = (one: string, other: string, keys: string, secondKeys = keys) => `vrrp_instances:
  a: { interface: ${one}, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100], ${keys} }
  b: { interface: ${other}, virtual_router_id: 51, virtual_ipaddress: [192.0.2.101], ${secondKeys} }
`;

t.test("two interfaces of one name, one hardware address, or that cannot be side by side", (t) => {
  t.match(complaints(two("eth0", "eth1", "use_vmac: true")), [
    /^3:\d+: error: .*the interface vrrp\.51 is a's already: .*use_vmac: vrrp\.51\.1 \[duplicate-vmac\]$/,
  ]);
  t.strictSame(codes(two("eth0", "eth1", "use_vmac: true", "use_vmac: vrrp.51.1")), []);
  const other = (keys: string) =>
    two("eth0", "eth0", "use_vmac: true", keys).replace(
      "51, virtual_ipaddress: [192.0.2.101]",
      "52, virtual_ipaddress: [192.0.2.101]",
    );
  t.strictSame(codes(other("use_vmac: true")), []);
  t.match(complaints(other('use_vmac: { mac: "00:00:5e:00:01:33" }')), [
    /a has the hardware address 00:00:5e:00:01:33 on eth0/,
  ]);
  t.match(complaints(other("use_ipvlan: { address: 192.0.2.21/24 }")), [/beside a's macvlan/]);
  const ipvlans = other("use_ipvlan: { address: 192.0.2.22/24, mode: vepa }").replace(
    "use_vmac: true",
    "use_ipvlan: { address: 192.0.2.21/24 }",
  );
  t.match(complaints(ipvlans), [/ipvlan of mode vepa cannot be on eth0 beside a's ipvlan of mode bridge/]);
  t.end();
});

t.test("an interface that comes with an instance is not missing", (t) => {
  t.strictSame(codes(instance({ use_vmac: "true", track_interface: "[vrrp.51]" })), []);
  t.strictSame(codes(instance({ track_interface: "[vrrp.51]" })), ["6:23 warning interface-missing"]);
  t.end();
});
