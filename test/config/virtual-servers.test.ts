/**
 * Goal: keepalived's keys of virtual servers mean what they mean there, and what the kernel would refuse, or do nothing
 * with, is told with its place.
 * Method: short files, the services and settings that they make, and what is said about them.
 */

import t from "tap";
import type { VirtualServer } from "../../src/core/balance/model.ts";
import { serviceKey } from "../../src/core/balance/service.ts";
import { complaints, configOf, instance } from "./reading.ts";

const PLAIN = "address: 192.0.2.100, port: 80";

function text(keys: string, groups = ""): string {
  return `${instance()}${groups}virtual_servers: [{ ${keys} }]\n`;
}

function server(keys: string, groups = ""): VirtualServer {
  const [built] = configOf(text(keys, groups)).balancer.virtualServers;
  if (built === undefined) throw new Error("there is one");
  return built;
}

function said(keys: string, groups = ""): string[] {
  return complaints(text(keys, groups))
    .map((line) => line.replace(/^\S+ /, ""))
    .filter((line) => !line.includes("[uncovered-address]"));
}

function services(keys: string, groups = ""): string[] {
  return server(keys, groups).services.map(serviceKey);
}

t.test("a service is an address and port, a firewall mark or a group", async (t) => {
  t.strictSame(services(PLAIN), ["tcp 192.0.2.100:80"]);
  t.strictSame(services('address: "2001:db8::100", port: 53, protocol: UDP'), ["udp [2001:db8::100]:53"]);
  t.strictSame(services("address: 192.0.2.100, port: 5060, protocol: sctp"), ["sctp 192.0.2.100:5060"]);
  t.strictSame(services("fwmark: 7"), ["fwmark 7"]);
  t.strictSame(services("fwmark: 4294967295, ip_family: inet6"), ["fwmark 4294967295 inet6"]);
  t.strictSame(
    services('fwmark: 7, real_servers: [{ address: "2001:db8::1" }]'),
    ["fwmark 7 inet6"],
    "the family of its real servers",
  );
  t.strictSame(said("lvs_sched: rr"), [
    "error: virtual_servers[0]: has neither address nor fwmark nor group: say what it is for [virtual-server-kind]",
  ]);
  t.match(said(`${PLAIN}, fwmark: 7`), [/has address and fwmark: keep one/]);
  t.match(said("fwmark: 7, port: 80"), [/fwmark says which ports: leave port out \[unused-port\]/]);
  t.match(said("fwmark: 0"), [/0 is outside 1\.\.4294967295/]);
  t.match(said(`${PLAIN}, ip_family: inet`), [/warning: .* \[unused-family\]/]);
});

t.test(
  "a group has addresses, ranges, blocks, ports and marks, as a map or as keepalived's line",
  async (t) => {
    const group = (entries: string): string => `virtual_server_groups: { web: [${entries}] }\n`;
    const lines = group('{ address: 192.0.2.100, port: 80 }, "192.0.2.101 443", { fwmark: 7 }, "fwmark 8"');
    t.strictSame(services("group: web", lines), [
      "tcp 192.0.2.100:80",
      "tcp 192.0.2.101:443",
      "fwmark 7",
      "fwmark 8",
    ]);
    t.equal(server("group: web", lines).name, "tcp group web");
    t.strictSame(services("group: web, protocol: udp", group('"192.0.2.254-192.0.3.1 8080-8081"')), [
      "udp 192.0.2.254:8080",
      "udp 192.0.2.254:8081",
      "udp 192.0.2.255:8080",
      "udp 192.0.2.255:8081",
      "udp 192.0.3.0:8080",
      "udp 192.0.3.0:8081",
      "udp 192.0.3.1:8080",
      "udp 192.0.3.1:8081",
    ]);
    t.strictSame(services("group: web", group("{ address: 192.0.2.128/30, port: 80 }")), [
      "tcp 192.0.2.128:80",
      "tcp 192.0.2.129:80",
      "tcp 192.0.2.130:80",
      "tcp 192.0.2.131:80",
    ]);
    t.strictSame(services("group: web", group('{ address: "2001:db8::9-b", port: 80 }, { fwmark: 7 }')), [
      "tcp [2001:db8::9]:80",
      "tcp [2001:db8::a]:80",
      "tcp [2001:db8::b]:80",
      "fwmark 7 inet6",
    ]);
    const bad = (entries: string, keys = "group: web"): string[] => said(keys, group(entries));
    t.match(bad('"192.0.2.100"'), [/write an address and a port, or fwmark and a number/]);
    t.match(bad("{ address: 192.0.2.100 }"), [/write either address and port, or fwmark \[group-entry\]/]);
    t.match(bad("{ address: 192.0.2.100, port: 80, fwmark: 1 }"), [/\[group-entry\]/]);
    t.match(bad("{ address: 192.0.2.9-5, port: 80 }"), [/ends before it begins \[bad-address\]/]);
    t.match(bad("{ address: 192.0.2.9-300, port: 80 }"), [/is no range/]);
    t.match(bad("{ address: 192.0.2.129/30, port: 80 }"), [/is not the first address of its \/30/]);
    t.match(bad("{ address: 10.0.0.0/8, port: 80 }"), [/more than 4096 at once: use a firewall mark/]);
    t.match(bad('{ address: "2001:db8::/32", port: 80 }'), [/more than 4096 at once/]);
    t.match(bad("{ address: 223.255.255.255-224.0.0.1, port: 80 }"), [/224\.0\.0\.1 is a multicast address/]);
    t.match(bad("{ address: 192.0.2.100, port: 81-80 }"), [/is no port and no range/]);
    t.match(bad('"192.0.2.100 80", "2001:db8::1 80"'), [/IPv4 and IPv6 side by side.*\[mixed-families\]/]);
    t.match(bad('"fwmark 8"', "group: wep"), [
      /warning: virtual_server_groups\.web: no virtual server names this group \[unused-group\]/,
      /there is no wep in virtual_server_groups \[unknown-group\]/,
    ]);
    t.match(said("group: web", "virtual_server_groups: { web: [] }\n"), [/is empty/]);
  },
);

t.test("no two virtual servers have a service in common", async (t) => {
  const groups = `${instance()}virtual_server_groups: { web: ["192.0.2.100-101 80-81", "fwmark 7"] }\n`;
  const lines = complaints(
    `${groups}virtual_servers:\n  - group: web\n  - { address: 192.0.2.101, port: 81 }\n  - { fwmark: 7 }\n` +
      "  - { address: 192.0.2.101, port: 82 }\n  - { fwmark: 7, ip_family: inet6 }\n  - { group: web, protocol: udp }\n",
  ).filter((line) => line.includes("error"));
  t.strictSame(lines, [
    "9:5: error: virtual_servers[1]: tcp 192.0.2.101:81 is there already (line 8) [duplicate-virtual-server]",
    "10:5: error: virtual_servers[2]: fwmark 7 is there already (line 8) [duplicate-virtual-server]",
    "13:5: error: virtual_servers[5]: fwmark 7 is there already (line 8) [duplicate-virtual-server]",
  ]);
});

t.test("schedulers, and flags for the one that they are for", async (t) => {
  for (const name of "rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq twos".split(" "))
    t.equal(server(`${PLAIN}, lvs_sched: ${name}`).scheduler, name);
  t.strictSame(server(`${PLAIN}, lvs_sched: sh, sh-port: true`).schedulerFlags, [2]);
  t.strictSame(
    server(`${PLAIN}, lvs_sched: mh, mh-fallback: true, mh-port: true, flag-2: true`).schedulerFlags,
    [1, 2],
  );
  t.strictSame(server(`${PLAIN}, flag-3: true`).schedulerFlags, [3]);
  t.match(said(`${PLAIN}, lvs_sched: mh, sh-port: true`), [
    /sh-port: is for lvs_sched sh, and here it is mh \[scheduler-flag\]/,
  ]);
  t.match(said(`${PLAIN}, hashed: true`), [/warning: .*\[kernel-flag\]/]);
  t.equal(server(`${PLAIN}, protocol: udp, ops: true`).onePacket, true);
  t.equal(server("fwmark: 7, ops: true").onePacket, true);
  t.match(said(`${PLAIN}, ops: true`), [/\[one-packet\]/]);
});

t.test("persistence is keepalived's, six minutes where its timeout has no value", async (t) => {
  t.equal(server(PLAIN).persistence, undefined);
  t.strictSame(server(`${PLAIN}, persistence_timeout: `).persistence, {
    timeout: 360,
    prefixLength: 32,
    engine: undefined,
  });
  t.strictSame(
    server(
      `${PLAIN}, protocol: udp, persistence_timeout: 2m, persistence_granularity: 255.255.254.0, persistence_engine: sip`,
    ).persistence,
    { timeout: 120, prefixLength: 23, engine: "sip" },
  );
  const six = 'address: "2001:db8::100", port: 80, persistence_timeout: 60';
  t.equal(server(six).persistence?.prefixLength, 128);
  t.equal(server(`${six}, persistence_granularity: 64`).persistence?.prefixLength, 64);
  t.match(said(`${six}, persistence_granularity: 255.255.255.0`), [/IPv6 wants a prefix's length/]);
  t.match(said(`${PLAIN}, persistence_timeout: 60, persistence_granularity: 64`), [/IPv4 has at most 32/]);
  t.match(said(`${PLAIN}, persistence_timeout: 60, persistence_granularity: 255.0.255.0`), [/is no mask/]);
  t.match(said(`${PLAIN}, persistence_granularity: 24`), [/says nothing without persistence_timeout/]);
  t.match(said(`${PLAIN}, persistence_timeout: 60, persistence_engine: sip`), [/sip is for UDP only/]);
  t.match(said(`${PLAIN}, persistence_timeout: 1.5`), [/1\.5s is not whole: the kernel counts seconds/]);
  t.strictSame(services("address: 192.0.2.100, port: 0, persistence_timeout: 60"), ["tcp 192.0.2.100:0"]);
  t.match(said("address: 192.0.2.100, port: 0"), [
    /all ports, works with persistence_timeout only.*\[port-zero\]/,
  ]);
});

t.test("real servers are reached by NAT, direct routing or one of the tunnels", async (t) => {
  const route = (method: string) => {
    const [real] = server(
      `${PLAIN}, lvs_method: ${method}, real_servers: [{ address: 198.51.100.21 }]`,
    ).realServers;
    return [real?.method, real?.tunnel];
  };
  t.strictSame(route("NAT"), ["nat", undefined]);
  t.strictSame(route("DR"), ["dr", undefined]);
  t.strictSame(route("tun"), ["tunnel", { type: "ipip", port: 0, checksum: "nocsum" }]);
  t.strictSame(route("TUN type gue port 6080 remcsum"), [
    "tunnel",
    { type: "gue", port: 6080, checksum: "remcsum" },
  ]);
  t.strictSame(route("TUN type gre csum"), ["tunnel", { type: "gre", port: 0, checksum: "csum" }]);
  for (const [method, complaint] of [
    ["TUN type gue", /type gue wants a UDP port/],
    ["TUN type gue port 0", /type gue wants a UDP port/],
    ["TUN type gre remcsum", /only gue has it/],
    ["TUN type ipip csum", /only gue and gre have checksums/],
    ["TUN gre", /after TUN write type/],
    ["TUN type gre csum csum", /ends with nocsum/],
    ["NAT type gre", /only TUN is followed/],
  ] as const)
    t.match(said(`${PLAIN}, lvs_method: ${method}`), [complaint], method);
  const other = 'real_servers: [{ address: "2001:db8::21" }]';
  t.match(said(`${PLAIN}, ${other}`), [
    /not of the virtual server's family, IPv4: only lvs_method TUN.*\[other-family\]/,
  ]);
  t.strictSame(said(`${PLAIN}, lvs_method: TUN, ${other}`), []);
  t.match(said(`${PLAIN}, real_servers: [{ address: "fe80::1" }]`), [/is link-local/]);
  t.match(said(`${PLAIN}, lvs_method: TUN, real_servers: [{ address: 198.51.100.21, port: 81 }]`), [
    /81 is not the virtual server's 80, and TUN cannot rewrite ports/,
  ]);
  t.strictSame(said("fwmark: 7, lvs_method: DR, real_servers: [{ address: 198.51.100.21, port: 81 }]"), []);
});

t.test("real servers in a range are alike, and each is itself", async (t) => {
  const { realServers } = server(
    `${PLAIN}, real_servers: [{ address: 198.51.100.254->198.51.101.1, weight: 3, checks: [{ tcp: {} }] }]`,
  );
  t.strictSame(
    realServers.map(({ address, port, weight, checks: [check] }) => [
      address,
      port,
      weight,
      check?.probe.type === "tcp" ? check.probe.endpoint.address : undefined,
    ]),
    ["198.51.100.254", "198.51.100.255", "198.51.101.0", "198.51.101.1"].map((ip) => [ip, 80, 3, ip]),
  );
  t.match(said(`${PLAIN}, real_servers: [{ address: 198.51.100.1-9 }, { address: 198.51.100.5 }]`), [
    /198\.51\.100\.5:80 is there already/,
  ]);
  const limits = (keys: string): string => `${PLAIN}, real_servers: [{ address: 198.51.100.1, ${keys} }]`;
  t.match(server(limits("uthreshold: 9, lthreshold: 3")).realServers, [
    { upperThreshold: 9, lowerThreshold: 3 },
  ]);
  t.match(said(limits("uthreshold: 3, lthreshold: 9")), [/9 is above uthreshold, 3.*\[threshold\]/]);
  t.match(said(limits("lthreshold: 9")), [/says nothing without uthreshold/]);
});

t.test("a real server without a port of its own has checks that say where they connect", async (t) => {
  const groups = 'virtual_server_groups: { web: ["192.0.2.100 80", "192.0.2.100 443"] }\n';
  const real = (check: string): string =>
    `group: web, real_servers: [{ address: 198.51.100.1, checks: [{ tcp: ${check} }] }]`;
  t.match(said(real("{}"), groups), [/say by connect_port which one is checked \[check-port\]/]);
  t.strictSame(said(real("{ connect_port: 80 }"), groups), []);
  t.equal(server(real("{ connect_port: 80 }"), groups).realServers[0]?.port, undefined);
  const one = 'virtual_server_groups: { web: ["192.0.2.100-101 8080"] }\n';
  t.match(server(real("{}"), one).realServers[0]?.checks, [{ probe: { endpoint: { port: 8080 } } }]);
});

t.test("quorum, hysteresis and the sorry server", async (t) => {
  const servers = "real_servers: [{ address: 198.51.100.1-4, weight: 2 }]";
  t.strictSame(server(`${PLAIN}, quorum: 6, hysteresis: 2, ${servers}`).quorum, { quorum: 6, hysteresis: 2 });
  t.match(said(`${PLAIN}, quorum: 7, hysteresis: 2, ${servers}`), [
    /7 and hysteresis 2 cannot be reached: the real servers' weights add up to 8 \[quorum-range\]/,
  ]);
  t.match(said(`${PLAIN}, quorum: 2, hysteresis: 2, ${servers}`), [/2 is not below the quorum, 2/]);
  const sorry = `${PLAIN}, lvs_method: DR, ${servers}, sorry_server: { address: 198.51.100.9 }`;
  t.strictSame(server(sorry).sorryServer, {
    address: "198.51.100.9",
    port: 80,
    method: "dr",
    tunnel: undefined,
    inhibit: false,
  });
  t.match(server(`${sorry}, sorry_server_inhibit: true, sorry_server_lvs_method: TUN`).sorryServer, {
    method: "tunnel",
    inhibit: true,
  });
  t.match(said(sorry.replace("100.9 ", "100.4 ")), [/198\.51\.100\.4:80 is there already/]);
  t.match(said(`${PLAIN}, sorry_server_inhibit: true`), [/there is no sorry_server.*\[no-sorry-server\]/]);
  t.match(said(sorry.replace("100.9 ", "100.9, port: 81 ")), [/\[direct-routing-port\]/]);
});

t.test("checks that rest while the address is elsewhere need an address that can be here", async (t) => {
  t.equal(server(`${PLAIN}, ha_suspend: true`).haSuspend, true);
  t.match(said("address: 192.0.2.99, port: 80, ha_suspend: true"), [/would never be made.*\[ha-suspend\]/]);
  t.match(said("fwmark: 7, ha_suspend: true"), [/\[ha-suspend\]/]);
});

t.test("programs for virtual and real servers can be run, or it is told why not", async (t) => {
  const program = "[/usr/lib/relevo/check-web, up]";
  const { notify } = configOf(
    text(
      `${PLAIN}, quorum_up: ${program}, omega: true, notify_user: checker, notify_timeout: 5,` +
        ` real_servers: [{ address: 198.51.100.1-2, notify_down: ${program} }]`,
    ),
  );
  const script = {
    command: ["/usr/lib/relevo/check-web", "up"],
    user: { name: "checker", uid: 1_001, gid: 1_001 },
  };
  t.strictSame(notify.services, [
    {
      virtual: "tcp 192.0.2.100:80",
      word: "[192.0.2.100]:tcp:80",
      quorum: { up: script, down: undefined },
      realServers: ["198.51.100.1", "198.51.100.2"].map((address) => ({
        real: `${address}:80`,
        word: `[${address}]:tcp:80`,
        scripts: { up: undefined, down: script },
      })),
      omega: true,
      timeout: 5_000_000,
    },
  ]);
  t.match(said(`${PLAIN}, quorum_down: [/nowhere], notify_user: root`), [
    /quorum_down\[0\]: there is no \/nowhere/,
    /notify_user: scripts do not run as root/,
  ]);
  t.match(said(`${PLAIN}, real_servers: [{ address: 198.51.100.1, notify_up: [sh] }]`), [/\[script-path\]/]);
});

t.test("what holds for all virtual servers", async (t) => {
  const { balancer } = configOf(
    `global_defs: { lvs_timeouts: { tcp: 1h, udp: 30 }, rs_init_notifies: true }\n${instance()}`,
  );
  t.strictSame(balancer.timeouts, { tcp: 3_600, tcpFin: undefined, udp: 30 });
  t.equal(balancer.tellInitial, true);
  const maintained = `global_defs: { maintenance_directory: /etc/relevo/maintenance }\n${instance()}`;
  t.equal(configOf(maintained).maintenanceDirectory, "/etc/relevo/maintenance");
  t.not(configOf(maintained).digest, configOf(instance()).digest, "both directors should have one");
  t.match(complaints(`global_defs: { maintenance_directory: maintenance }\n${instance()}`), [
    /no absolute path/,
  ]);
  t.match(complaints(`global_defs: { maintenancedir: /etc }\n${instance()}`), [
    /what ldirectord calls by that name is maintenance_directory/,
  ]);
  t.match(complaints(`global_defs: { lvs_timeouts: { tcp: 0 } }\n${instance()}`), [/outside 1s\.\.596h/]);
});
