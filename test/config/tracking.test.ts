/**
 * Goal: what an operator writes of tracked objects reaches the core, and what cannot be meant is told. Method: expected
 * models and complaints written out by hand; durations are microseconds.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const SCRIPT = "vrrp_scripts: { proxy: { script: [/usr/lib/relevo/check-web] } }\n";

t.test("the short form has the object's weight, the long one its own", (t) => {
  const { failover } = configOf(`
vrrp_scripts:
  a: { script: [/usr/lib/relevo/check-web], weight: -20, reverse: true }
  b: { script: [/usr/lib/relevo/check-web] }
  proxy: { script: [/usr/lib/relevo/check-web], weight: 1, reverse: true }
track_files:
  c: { file: /run/c }
  d: { file: /run/d, weight: -254, reverse: true }
  e: { file: /run/e }
${instance({
  track_interface: "[eth1, { interface: eth0, weight: -60, reverse: true }]",
  track_script: "[a, b, { script: proxy, weight: 253, reverse: false }]",
  track_file: "[c, d, { file: e, weight: 0 }]",
})}`);
  t.strictSame(failover.routers[0]?.tracks, [
    { kind: "interface", object: "eth1", weight: 0, reverse: false },
    { kind: "interface", object: "eth0", weight: -60, reverse: true },
    { kind: "script", object: "a", weight: -20, reverse: true },
    { kind: "script", object: "b", weight: 0, reverse: false },
    { kind: "script", object: "proxy", weight: 253, reverse: false },
    { kind: "file", object: "c", weight: 1, reverse: false },
    { kind: "file", object: "d", weight: -254, reverse: true },
    { kind: "file", object: "e", weight: 0, reverse: false },
  ]);
  t.end();
});

t.test("a script has keepalived's defaults, and a timeout within 1 s and 30 s", (t) => {
  const { watch } = configOf(`${SCRIPT}${instance({ track_script: "[proxy]" })}`);
  t.strictSame(watch, {
    scripts: [
      {
        name: "proxy",
        command: ["/usr/lib/relevo/check-web"],
        interval: 1_000_000,
        timeout: 1_000_000,
        rise: 1,
        fall: 1,
        initFail: false,
        user: { name: "nobody", uid: 65_534, gid: 65_534 },
      },
    ],
    files: [],
    processes: [],
  });
  t.end();
});

t.test("every key of a script and a file arrives", (t) => {
  const { watch } = configOf(`
vrrp_scripts:
  proxy:
    script: [/usr/lib/relevo/check-web, "-a b"]
    interval: 100ms
    timeout: 3
    rise: 2
    fall: 3
    user: checker
    init_fail: true
track_files: { load: { file: /run/load, init_file: -5 } }
${instance({ track_script: "[proxy]", track_file: "[load]" })}`);
  t.strictSame(watch, {
    scripts: [
      {
        name: "proxy",
        command: ["/usr/lib/relevo/check-web", "-a b"],
        interval: 100_000,
        timeout: 3_000_000,
        rise: 2,
        fall: 3,
        initFail: true,
        user: { name: "checker", uid: 1_001, gid: 1_001 },
      },
    ],
    files: [{ name: "load", path: "/run/load", initial: -5 }],
    processes: [],
  });
  t.end();
});

t.test("processes: by name, by command line, by parameters", (t) => {
  const { watch, failover } = configOf(`
vrrp_track_processes:
  a: { process: haproxy }
  b: { process: /usr/sbin/haproxy, full_command: true, delay: 2 }
  c: { process: [/bin/c, "-x"], quorum: 2, quorum_max: 3, weight: -254 }
  d:
    { process: [/bin/c, "-x"], param_match: initial, delay: 1, fork_delay: 2, terminate_delay: 500ms, weight: 0 }
${instance({ track_process: "[a, b, c, { process: d, weight: 5 }]" })}`);
  const rest = { quorum: 1, quorumMax: 65_535, forkDelay: 0, terminateDelay: 0 };
  t.strictSame(watch.processes, [
    { name: "a", command: ["haproxy"], match: "name", ...rest },
    {
      name: "b",
      command: ["/usr/sbin/haproxy"],
      match: "command",
      ...rest,
      forkDelay: 2_000_000,
      terminateDelay: 2_000_000,
    },
    { name: "c", command: ["/bin/c", "-x"], match: "command", ...rest, quorum: 2, quorumMax: 3 },
    {
      name: "d",
      command: ["/bin/c", "-x"],
      match: "initial",
      ...rest,
      forkDelay: 2_000_000,
      terminateDelay: 500_000,
    },
  ]);
  t.strictSame(
    failover.routers[0]?.tracks.map(({ kind, object, weight }) => `${kind} ${object} ${weight}`),
    ["process a 1", "process b 1", "process c -254", "process d 5"],
  );
  t.end();
});

t.test("processes that can never be enough, or have no name", (t) => {
  const said = (keys: string) =>
    complaints(`vrrp_track_processes: { a: { ${keys} } }\n${instance({ track_process: "[a]" })}`);
  t.match(said("process: a, quorum: 3, quorum_max: 2"), [
    /quorum_max: 2 is less than the quorum of 3.*out-of-range/,
  ]);
  t.match(said("process: []"), [/process: is empty/]);
  t.match(said('process: ""'), [/process: is empty/]);
  t.match(complaints(instance({ track_process: "[a]" })), [/add it to vrrp_track_processes/]);
  t.end();
});

t.test("addresses, but not the instance's own", (t) => {
  const { failover } = configOf(
    instance({ track_address: "[203.0.113.7, { address: 203.0.113.8, weight: -5, reverse: true }]" }),
  );
  t.strictSame(failover.routers[0]?.tracks, [
    { kind: "address", object: "203.0.113.7", weight: 0, reverse: false },
    { kind: "address", object: "203.0.113.8", weight: -5, reverse: true },
  ]);
  t.match(complaints(instance({ track_address: "[192.0.2.100]" })), [
    /track_address\[0\]: 192.0.2.100 is one of the instance's own.*\[track-own-address\]/,
  ]);
  t.match(complaints(instance({ track_address: "[eth1]" })), [/\[bad-address\]/]);
  t.end();
});

t.test("delays of interfaces", (t) => {
  const { failover } = configOf(
    `interface_up_down_delays: { eth1: { down: 1, up: 5 }, eth2: { up: 500ms } }\n${instance()}`,
  );
  t.strictSame(failover.linkDelays, {
    eth1: { down: 1_000_000, up: 5_000_000 },
    eth2: { down: 0, up: 500_000 },
  });
  t.end();
});

t.test("on an interface that carries adverts the delay leaves a backup time to notice", (t) => {
  const text = (down: string) => `interface_up_down_delays: { eth0: { down: ${down} } }\n${instance()}`;
  t.strictSame(complaints(text("1999ms")), []);
  t.match(complaints(text("2")), [
    /1:43: error: interface_up_down_delays.eth0.down: 2s is too long for web.*: less than 2s, 2 times advert_int, as down_timer_adverts is 3 \[link-delay\]/,
  ]);
  const within = (adverts: string, down: string) =>
    complaints(text(down).replace("    virtual_ipaddress", `    down_timer_adverts: ${adverts}\n$&`));
  t.strictSame(within("2", "999ms"), []);
  t.match(within("2", "1"), [/1s is too long for web.*: less than 1s, 1 times advert_int/]);
  t.strictSame(within("5", "3999ms"), []);
  t.match(within("1", "1ms"), [/: with down_timer_adverts 1 leave it out \[link-delay\]/]);
  t.strictSame(within("1", "0"), []);
  const general = `global_defs: { vrrp_down_timer_adverts: 2 }\n${text("1500ms")}`;
  t.match(complaints(general), [/less than 1s/]);
  t.end();
});

t.test("an object that is not there, is tracked twice, or by nobody", (t) => {
  t.match(complaints(instance({ track_script: "[proxy]" })), [
    /track_script\[0\]: there is no proxy: add it to vrrp_scripts \[unknown-track\]/,
  ]);
  t.match(complaints(`${SCRIPT}${instance({ track_script: "[proxy, { script: prxy }]" })}`), [
    /track_script\[1\]: there is no prxy: known in vrrp_scripts are proxy \[unknown-track\]/,
  ]);
  t.match(complaints(instance({ track_file: "[load]" })), [/add it to track_files \[unknown-track\]/]);
  t.match(complaints(instance({ track_interface: "[eth1, { interface: eth1, weight: 1 }]" })), [
    /track_interface\[1\]: eth1 is in this list already \(line \d+\): keep one \[duplicate-track\]/,
  ]);
  t.match(complaints(`${SCRIPT}${instance()}`), [/1:17: warning: vrrp_scripts.proxy: .* \[unused-track\]/]);
  t.match(complaints(`track_files: { load: { file: /run/load } }\n${instance()}`), [
    /warning: track_files.load: .* \[unused-track\]/,
  ]);
  t.match(complaints(instance({ track_interface: "[eth7]" })), [
    /track_interface\[0\]: this machine has no interface eth7 now \[interface-missing\]/,
  ]);
  t.end();
});

t.test("a weight does nothing to an owner, and that is told; a fault does", (t) => {
  const owner = (track: string) => complaints(instance({ priority: "255", track_interface: track }));
  t.strictSame(owner("[eth1]"), []);
  t.match(owner("[{ interface: eth1, weight: 5 }]"), [/warning: .*track_interface\[0\].* \[owner-track\]/]);
  t.match(
    complaints(
      `track_files: { load: { file: /run/load } }\n${instance({ priority: "255", track_file: "[load]" })}`,
    ),
    [/\[owner-track\]/],
    "a file has weight 1 unless it says otherwise",
  );
  t.end();
});

t.test("programs and accounts are held to what those of checks are", (t) => {
  const script = (keys: string) =>
    codes(`vrrp_scripts: { proxy: { ${keys} } }\n${instance({ track_script: "[proxy]" })}`).map(
      (line) => line.split(" ")[2],
    );
  t.strictSame(script("script: [/usr/lib/relevo/check-web]"), []);
  t.strictSame(script("script: []"), ["out-of-range"]);
  t.strictSame(script("script: [check-web]"), ["script-path"]);
  t.strictSame(script("script: [/nowhere]"), ["script-missing"]);
  t.strictSame(script("script: [/etc/motd]"), ["script-not-executable"]);
  t.strictSame(script("script: /usr/lib/relevo/check-web"), ["wrong-type"]);
  t.strictSame(script("script: [/usr/lib/relevo/check-web], user: root"), ["user-root"]);
  t.strictSame(script("script: [/usr/lib/relevo/check-web], user: ghost"), ["user-missing"]);
  t.strictSame(script("script: [/usr/lib/relevo/check-web], interval: 99ms"), ["out-of-range"]);
  t.strictSame(script("script: [/usr/lib/relevo/check-web], weight: 254"), ["out-of-range"]);
  const missing = () => ({ state: "missing" }) as const;
  const unowned = {
    user: () => undefined,
    program: () => "ok" as const,
    keyFile: missing,
    interfaces: () => undefined,
  };
  t.match(complaints(`${SCRIPT}${instance({ track_script: "[proxy]" })}`, { environment: unowned }), [
    /global_defs.script_user: there is no user nobody/,
  ]);
  t.end();
});

t.test("a file is named by its path", (t) => {
  for (const path of ["load", "/run/", '"/run/a\\0b"', '""']) {
    const text = `track_files: { load: { file: ${path} } }\n${instance({ track_file: "[load]" })}`;
    t.match(complaints(text), [/track_files.load.file: .* \[file-path\]/], path);
  }
  t.end();
});

t.test("keepalived's words are shown the way", (t) => {
  t.match(complaints(`vrrp_script: {}\n${instance()}`), [/is vrrp_scripts here/]);
  t.match(complaints(`vrrp_track_file: {}\n${instance()}`), [/is track_files here/]);
  t.end();
});

t.test("the digest tells what is tracked and how it is looked at", (t) => {
  const digest = (keys: string, track = "[proxy]") =>
    configOf(
      `vrrp_scripts: { proxy: { script: [/usr/lib/relevo/check-web], ${keys} } }\n${instance({ track_script: track })}`,
    ).digest;
  const texts = ["weight: 0", "weight: 5", "rise: 2", "interval: 2", "init_fail: true"].map((keys) =>
    digest(keys),
  );
  t.equal(new Set(texts).size, 5);
  t.equal(digest("weight: 5"), digest("", "[{ script: proxy, weight: 5 }]"), "the same meaning");
  t.end();
});

t.test("gateways: those that are tracked, with what is left out", (t) => {
  const { failover } = configOf(`
track_gateways:
  up: { address: 192.0.2.1, interface: eth0 }
  road: { address: default, interface: eth0, ip_family: inet6, method: icmp, interval: 100ms, timeout: 0.5, rise: 4, fall: 5, weight: -60, reverse: true }
  spare: { address: default, interface: eth0 }
${instance({ track_gateway: "[up, { gateway: road, weight: 7 }]" })}`);
  t.strictSame(failover.gateways, [
    {
      name: "up",
      address: "192.0.2.1",
      family: 4,
      interface: "eth0",
      method: undefined,
      interval: 1_000_000,
      timeout: 1_000_000,
      rise: 2,
      fall: 3,
    },
    {
      name: "road",
      address: undefined,
      family: 6,
      interface: "eth0",
      method: "icmp",
      interval: 100_000,
      timeout: 500_000,
      rise: 4,
      fall: 5,
    },
  ]);
  t.strictSame(failover.routers[0]?.tracks, [
    { kind: "gateway", object: "up", weight: 0, reverse: false },
    { kind: "gateway", object: "road", weight: 7, reverse: true },
  ]);
  t.end();
});

t.test("gateways that cannot be asked so", (t) => {
  const said = (gateway: string) =>
    complaints(
      `track_gateways: { up: { interface: eth0, ${gateway} } }\n${instance({ track_gateway: "[up]" })}`,
    );
  t.match(said("address: 192.0.2.1, method: ndp"), [
    /method: ndp is for IPv6, .* use arp, or icmp \[gateway-family\]/,
  ]);
  t.match(said('address: "2001:db8::1", method: arp'), [/method: arp is for IPv4, .* use ndp, or icmp/]);
  t.match(said("address: default, ip_family: inet6, method: arp"), [/use ndp, or icmp/]);
  t.match(said("address: 192.0.2.1, ip_family: inet6"), [/ip_family: 192.0.2.1 is an IPv4 address/]);
  t.match(said("address: 192.0.2.100"), [/is a virtual address .*\[track-own-address\]/]);
  t.match(said("address: 224.0.0.1"), [/multicast/]);
  t.match(said("address: somewhere"), [/\[bad-address\]/]);
  t.match(complaints(instance({ track_gateway: "[up]" })), [/there is no up: add it to track_gateways/]);
  t.end();
});

const GROUP = `
vrrp_instances:
  web: { interface: eth0, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100/24], track_interface: [eth1] }
  inner: { interface: eth1, virtual_router_id: 52, virtual_ipaddress: [198.51.100.1/24] }
vrrp_sync_groups:
  lan: { group: [web, inner], track_script: [{ script: proxy, weight: -60 }], track_interface: [eth2] }
`;

t.test("what a sync group tracks, each of its members does, weights included", (t) => {
  const { failover, watch } = configOf(`${SCRIPT}${GROUP}`);
  const proxy = { kind: "script", object: "proxy", weight: -60, reverse: false };
  const eth2 = { kind: "interface", object: "eth2", weight: 0, reverse: false };
  t.strictSame(
    failover.routers.map(({ tracks }) => tracks),
    [
      [{ kind: "interface", object: "eth1", weight: 0, reverse: false }, eth2, proxy],
      [eth2, proxy],
    ],
  );
  t.same(
    watch.scripts.map(({ name }) => name),
    ["proxy"],
  );
  t.end();
});

t.test("what a sync group tracks is there, in one place only, and alters no owner", (t) => {
  t.same(codes(GROUP), ["6:46 error unknown-track"]);
  t.same(codes(`${SCRIPT}${GROUP.replace("[eth2]", "[eth1]")}`), ["4:105 error duplicate-track"]);
  const owners = GROUP.replaceAll("virtual_router_id", "priority: 255, virtual_router_id");
  t.same(codes(`${SCRIPT}${owners}`), ["7:46 warning owner-track"]);
  t.end();
});

const TOGETHER = `
vrrp_instances:
  web:
    interface: eth0
    virtual_router_id: 51
    virtual_ipaddress: [192.0.2.100/24]
    virtual_ipaddress_excluded: [192.0.2.101/24]
    virtual_routes: [{ to: default, via: 192.0.2.1 }]
  inner: { interface: eth1, virtual_router_id: 52, virtual_ipaddress: [198.51.100.1/24] }
  other: { interface: eth1, virtual_router_id: 53, virtual_ipaddress: [198.51.100.2/24] }
vrrp_sync_groups:
  lan: { group: [web, inner] }
`;

t.test("nothing waits for what comes with being master: addresses", (t) => {
  const own = /is one of the instance's own, .*\[track-own-address\]/;
  t.match(complaints(TOGETHER.replace("id: 51", "id: 51\n    track_address: [192.0.2.101]")), [own]);
  for (const address of ["192.0.2.100", "192.0.2.101"]) {
    const tracking = `interface: eth1, track_address: [${address}],`;
    t.match(complaints(TOGETHER.replace("interface: eth1,", tracking)), [
      /inner.track_address\[0\]: 192.0.2.10. is one of web's, which is master only when inner is: track another one/,
    ]);
    const other = TOGETHER.replace("other: {", `other: { track_address: [${address}],`);
    t.same(complaints(other), [], "another instance's, which moves on its own");
    const group = TOGETHER.replace("[web, inner]", `[web, inner], track_address: [{ address: ${address} }]`);
    t.match(complaints(group), [
      /lan.track_address\[0\]: 192.0.2.10. is one of web's.*\[track-own-address\]/,
    ]);
  }
  t.same(complaints(TOGETHER.replace("[web, inner]", "[web, inner], track_address: [198.51.100.2]")), []);
  t.end();
});

t.test("and routes, which for a group are those of each member's family", (t) => {
  const inner = TOGETHER.replace("interface: eth1,", "interface: eth1, track_route: [default],");
  t.match(complaints(inner), [
    /inner.track_route\[0\]: is one of web's, which is master only when inner is: .*\[track-own-route\]/,
  ]);
  const group = TOGETHER.replace("[web, inner]", "[web, inner], track_route: [10.0.0.0/8, default]");
  t.match(complaints(group), [/lan.track_route\[1\]: is one of web's, .*\[track-own-route\]/]);
  const six = TOGETHER.replace("192.0.2.100/24", '"2001:db8::100/64"')
    .replace("192.0.2.101/24", '"2001:db8::101/64"')
    .replace("via: 192.0.2.1", 'via: "2001:db8::1"')
    .replace("[web, inner]", "[web, inner], track_route: [default]");
  t.match(complaints(six), [/no-link-local/, /\[track-own-route\]/]);
  t.same(
    complaints(six.replace("track_route: [default]", "track_route: [0.0.0.0/0]")).filter((line) =>
      line.includes("own"),
    ),
    [],
  );
  t.end();
});
