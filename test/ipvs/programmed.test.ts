/**
 * Goal: with lvs_active_only a service is in the table while its address is held here and at no other time, over the
 * balancer's own death; IPVS's settings are as they are wanted, and put back; traffic is counted as it flows.
 * Method: configuration files, the balancer process and web servers; `ipvsadm`, /proc/sys and a client are the witnesses.
 */

import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { FOREIGN, openWorld } from "./web-service.ts";
import { kill, until, type World } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const VIP = "192.0.2.100";
const WEB = [`-A -t ${VIP}:80 -s wlc`, `-a -t ${VIP}:80 -r 198.51.100.21:80 -m -w 1`];
const MARK = ["-A -f 7 -s rr", "-a -f 7 -r 198.51.100.21:0 -m -w 1"];

function configuration(globals: string, keys: string, servers = "") {
  const real = "real_servers: [{ address: 198.51.100.21, checks: [{ tcp: { connect_port: 80 } }] }]";
  const server = `{ address: ${VIP}, port: 80, delay_loop: 300ms, retry: 0, warmup: 100ms, ${keys} ${real} }`;
  const text = `global_defs: { ${globals} }\n${instance()}virtual_servers: [${server}${servers}]\n`;
  return configOf(text).balancer;
}

function setting(world: World, name: string): string {
  return world.run("cat", `/proc/sys/net/ipv4/vs/${name}`).trim();
}

if (hasIpvs(t, import.meta.url)) {
  t.test("a service is in the table while its address is held here", async (t) => {
    const world = await openWorld(t);
    const mark = ", { fwmark: 7, lvs_sched: rr, real_servers: [{ address: 198.51.100.21 }] }";
    const config = configuration("lvs_active_only: true", "", mark);
    const balancer = world.forkBalancer();
    await balancer.configure(config);
    t.strictSame(world.table(), [...FOREIGN].sort(), "nothing of ours on a backup");
    t.match(world.record(), { services: [] });

    balancer.follow([VIP], ["web"]);
    await world.tableIs(...FOREIGN, ...WEB, ...MARK);
    balancer.follow(["192.0.2.101"], ["web"]);
    await world.tableIs(...FOREIGN, ...MARK);
    t.notOk(balancer.events.some(({ name }) => name === "ipvs-drift"));

    t.comment("it is killed as a backup, and the real server is up for the next one, too");
    balancer.follow([], []);
    await world.tableIs(...FOREIGN);
    await kill(balancer.child);
    const next = world.forkBalancer();
    next.follow([], []);
    await next.configure(config);
    t.strictSame(world.table(), [...FOREIGN].sort());
    next.follow([VIP], ["web"]);
    await world.tableIs(...FOREIGN, ...WEB, ...MARK);
    t.notOk(next.events.some(({ name }) => name === "real-server-down"));
    await next.stop();
    t.strictSame(world.table(), [...FOREIGN].sort());
  });

  t.test("settings are set, kept, and put back as they were", async (t) => {
    const world = await openWorld(t);
    world.run("sysctl", "-qw", "net.ipv4.vs.sync_threshold=5 60");
    const balancer = world.forkBalancer();
    const wanted = "lvs_sync_daemon: { interface: lo }, ipvs_sysctls: { sloppy_tcp: 1, drop_entry: 1 }";
    await balancer.configure(configuration(wanted, ""));
    t.equal(setting(world, "sloppy_tcp"), "1");
    t.equal(setting(world, "expire_nodest_conn"), "1", "a real server may be taken out");
    t.equal(setting(world, "sync_threshold"), "3\t0");
    const told = balancer.events.filter(({ name }) => name === "sysctl-set").map(({ fields }) => fields);
    t.ok(
      told.some(
        ({ sysctl, before, value }) =>
          sysctl === "net/ipv4/vs/sync_threshold" && before === "5 60" && value === "3 0",
      ),
      JSON.stringify(told),
    );

    world.run("sysctl", "-qw", "net.ipv4.vs.sloppy_tcp=0");
    await until("it is set again", () => setting(world, "sloppy_tcp") === "1");
    await balancer.configure(configOf(instance()).balancer);
    t.equal(setting(world, "sloppy_tcp"), "0");
    t.equal(setting(world, "expire_nodest_conn"), "0");
    t.equal(setting(world, "sync_threshold"), "5\t60");
    await balancer.configure(configuration(wanted, ""));
    t.equal(setting(world, "drop_entry"), "1");
    await balancer.stop();
    t.equal(setting(world, "drop_entry"), "0");
    t.equal(setting(world, "sync_threshold"), "5\t60");
    t.equal(world.record(), undefined);
  });

  t.test("what the kernel does not have is told once, and the rest is set", async (t) => {
    const world = await openWorld(t);
    if (world.run("ls", "/proc/sys/net/ipv4/vs").includes("est_nice"))
      return t.comment("skipped: this kernel has all of them");
    const balancer = world.forkBalancer();
    const estimation = "ipvs_sysctls: { est_cpulist: 0, est_nice: 5, sloppy_tcp: 1 }";
    await balancer.configure(configuration(estimation, ""));
    t.equal(setting(world, "sloppy_tcp"), "1");
    await balancer.configure(configuration(estimation, "quorum: 1,"));
    const failed = balancer.events.filter(({ name }) => name === "sysctl-failed").map(({ fields }) => fields);
    t.match(failed, [
      { sysctl: "net/ipv4/vs/est_cpulist", cause: /ENOENT/ },
      { sysctl: "net/ipv4/vs/est_nice", cause: /ENOENT/ },
    ]);
    t.equal(failed.length, 2);
    await balancer.stop();
  });

  t.test("without run_estimation the kernel adds no traffic up, and connections are told of", async (t) => {
    const world = await openWorld(t);
    world.run("ip", "addr", "add", `${VIP}/32`, "dev", "lo");
    const balancer = world.forkBalancer();
    await balancer.configure(configuration("ipvs_sysctls: { run_estimation: 0 }", ""));
    await world.tableIs(...FOREIGN, ...WEB);
    world.run("curl", "-s", "--max-time", "30", `http://${VIP}/`);
    await until("it is told of", () => {
      const [web] = balancer.report?.connections ?? [];
      return (web?.active ?? 0) + (web?.inactive ?? 0) > 0;
    });
    const connections = (): number =>
      balancer.count("virtual_server_connections", { virtual: `tcp ${VIP}:80` });
    t.equal(connections(), 0);
    t.match(world.run("ipvsadm", "-Ln", "--stats"), / 198\.51\.100\.21:80 +0 +0 +0 +0 +0\n/);
    await balancer.configure(configuration("", ""));
    await until("it is added up later", () => connections() === 1);
    await balancer.stop();
  });

  t.test("traffic is counted as it flows, also over the balancer's death", async (t) => {
    const world = await openWorld(t);
    world.run("ip", "addr", "add", `${VIP}/32`, "dev", "lo");
    const config = configuration("", "");
    const balancer = world.forkBalancer();
    await balancer.configure(config);
    await world.tableIs(...FOREIGN, ...WEB);
    const virtual = { virtual: `tcp ${VIP}:80` };
    const real = { ...virtual, real: "198.51.100.21:80" };
    for (let turn = 0; turn < 3; turn += 1) world.run("curl", "-s", "--max-time", "30", `http://${VIP}/`);
    await until("three connections", () => balancer.count("virtual_server_connections", virtual) === 3);
    t.equal(balancer.count("real_server_connections", real), 3);
    const [line = ""] = world
      .run("ipvsadm", "-Ln", "--stats", "--exact")
      .split("\n")
      .filter((text) => text.includes("198.51.100.21:80"));
    const [, connections, packetsIn, packetsOut, bytesIn, bytesOut] = line
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    await until("all of it", () => balancer.count("real_server_outgoing_bytes", real) === bytesOut);
    t.equal(connections, 3);
    t.strictSame(
      ["incoming_packets", "outgoing_packets", "incoming_bytes"].map((name) =>
        balancer.count(`real_server_${name}`, real),
      ),
      [packetsIn, packetsOut, bytesIn],
      "as ipvsadm sees it",
    );
    await until("they are told of", () => {
      const ofReal = balancer.report?.connections?.find((one) => one.real === "198.51.100.21:80");
      return (ofReal?.active ?? 0) + (ofReal?.inactive ?? 0) === 3;
    });

    await kill(balancer.child);
    const next = world.forkBalancer();
    await next.configure(config);
    world.run("curl", "-s", "--max-time", "30", `http://${VIP}/`);
    await until("one more", () => next.count("virtual_server_connections", virtual) > 0);
    t.equal(
      next.count("virtual_server_connections", virtual),
      1,
      "what the earlier life has told is not told again",
    );
    await next.stop();
  });
}
