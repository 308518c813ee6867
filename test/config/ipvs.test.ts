/**
 * Goal: the settings of all of IPVS mean what they say, have defaults that suit the rest of the file, and what contradicts
 * it is told. Method: short files, and what is made of them or said about them.
 */

import t from "tap";
import { complaints, configOf, instance } from "./reading.ts";

function balancer(globals: string, servers = "") {
  return configOf(`global_defs: { ${globals} }\n${instance()}${servers}`).balancer;
}

function said(globals: string, servers = ""): string[] {
  return complaints(`global_defs: { ${globals} }\n${instance()}${servers}`);
}

function server(keys: string): string {
  return `virtual_servers: [{ port: 80, ${keys} }]\n`;
}

t.test("lvs_sync_daemon with keepalived's words and defaults", async (t) => {
  t.strictSame(balancer("lvs_sync_daemon: { interface: eth1, instance: web }").syncDaemon, {
    interface: "eth1",
    instance: "web",
    id: 51,
    maxlen: undefined,
    group: "224.0.0.81",
    port: 8_848,
    ttl: 1,
    backupOnly: false,
  });
  const all = 'interface: eth1, id: 0, maxlen: 65507, port: 9000, ttl: 255, group: "ff02::81"';
  t.match(balancer(`lvs_sync_daemon: { ${all} }, ipvs_sysctls: { backup_only: 1 }`).syncDaemon, {
    instance: undefined,
    id: 0,
    maxlen: 65_507,
    port: 9_000,
    ttl: 255,
    group: "ff02::81",
    backupOnly: true,
  });
  t.equal(
    balancer("lvs_sync_daemon: { interface: eth1 }").syncDaemon?.id,
    0,
    "no instance, no id of its own",
  );
  t.equal(balancer("").syncDaemon, undefined);
});

t.test("what is wrong with lvs_sync_daemon", async (t) => {
  t.match(said("lvs_sync_daemon: { instance: web }"), [/lvs_sync_daemon\.interface: is missing/]);
  t.match(said("lvs_sync_daemon: { interface: eth1, instance: wbe }"), [
    /instance: "wbe" is none of the instances: did you mean web\? \[sync-instance\]/,
  ]);
  t.match(said("lvs_sync_daemon: { interface: eth7 }"), [/no interface eth7 now \[interface-missing\]/]);
  t.match(said("lvs_sync_daemon: { interface: eth1, id: 256, maxlen: 65508, ttl: 0, group: 192.0.2.1 }"), [
    /256 is outside 0\.\.255/,
    /65508 is outside/,
    /0 is outside 1\.\.255/,
    /group/,
  ]);
  const mixed = server('address: 192.0.2.100, lvs_method: TUN, real_servers: [{ address: "2001:db8::21" }]');
  t.match(said("lvs_sync_daemon: { interface: eth1 }", mixed), [/2001:db8::21 is not of.*\[sync-family\]/]);
  t.strictSame(said("vrrp_version: 3", mixed), []);
});

t.test("lvs_active_only wants an address that can be here", async (t) => {
  t.equal(balancer("").activeOnly, false);
  t.equal(balancer("lvs_active_only: true", server("address: 192.0.2.100")).activeOnly, true);
  t.match(
    said("lvs_active_only: true", server("address: 192.0.2.99")),
    [/\[uncovered-address\]/, /would never be in the table.*\[active-only\]/].toReversed(),
  );
});

t.test("ipvs_sysctls have the kernel's names and values", async (t) => {
  t.strictSame(balancer("ipvs_sysctls: { sloppy_tcp: 1, conntrack: 0, drop_entry: 3 }").sysctls, {
    sloppy_tcp: "1",
    conntrack: "0",
    drop_entry: "3",
  });
  t.match(said("ipvs_sysctls: { sloppy_tcp: 2, drop_packet: 2, slopy_tcp: 1 }"), [
    /2 is outside 0\.\.1/,
    /what the kernel makes of 1/,
    /did you mean sloppy_tcp/,
  ]);
  const daemon = "lvs_sync_daemon: { interface: eth1 }";
  t.equal(balancer(`${daemon}, ipvs_sysctls: { sync_threshold: "4\t60" }`).sysctls["sync_threshold"], "4 60");
  for (const wrong of ["50 3", "3", "3 50 1", "-1 50"])
    t.match(said(`${daemon}, ipvs_sysctls: { sync_threshold: "${wrong}" }`), [/is no threshold/], wrong);
  t.match(
    said("ipvs_sysctls: { sync_ports: 2, backup_only: 1, sloppy_tcp: 1 }"),
    [
      /backup_only: says nothing without lvs_sync_daemon.*\[unused-sysctl\]/,
      /sync_ports: says nothing/,
    ].toReversed(),
  );
});

t.test("est_cpulist is a list of processors, as the kernel shows it, and est_nice a priority", async (t) => {
  const said = (value: string) => balancer(`ipvs_sysctls: { est_cpulist: ${value} }`).sysctls["est_cpulist"];
  t.equal(said('"0-3,8"'), "0-3,8");
  t.equal(said("2"), "2", "a number alone");
  t.equal(said('"8, 4-6,0,1,5-7"'), "0-1,4-8", "in their order, and together");
  t.equal(said('"8191"'), "8191");
  t.strictSame(balancer("ipvs_sysctls: { est_nice: -20 }").sysctls, { est_nice: "-20" });
  for (const wrong of ['""', '"3-1"', '"0-"', '"8192"', '"a"', '"0,,1"', "-1", "1.5"])
    t.match(
      complaints(`global_defs: { ipvs_sysctls: { est_cpulist: ${wrong} } }\n${instance()}`),
      [/is no list of processors: write numbers below 8192 and ranges, such as "0-3,8"/],
      wrong,
    );
  t.match(complaints(`global_defs: { ipvs_sysctls: { est_nice: 20 } }\n${instance()}`), [
    /outside -20\.\.19/,
  ]);
});

t.test("what is taken out has its connections end, and what has weight 0 gets nobody back", async (t) => {
  const reals = (keys: string): string =>
    `address: 192.0.2.100, ${keys}, real_servers: [{ address: 198.51.100.21, checks: [{ tcp: {} }] }]`;
  const defaults = (keys: string, globals = "") => balancer(globals, server(reals(keys))).sysctls;
  const taken = { expire_nodest_conn: "1" };
  const both = { ...taken, expire_quiescent_template: "1" };
  t.strictSame(balancer("").sysctls, {}, "nobody is balanced");
  t.strictSame(defaults("inhibit_on_failure: false"), taken);
  t.strictSame(defaults("inhibit_on_failure: true"), taken, "a drain's deadline may take it out");
  const sorry = "sorry_server: { address: 198.51.100.9 }";
  t.strictSame(
    defaults(`inhibit_on_failure: true, ${sorry}`),
    taken,
    "a sorry server goes with the quorum's return",
  );
  t.strictSame(
    defaults(`inhibit_on_failure: false, persistence_timeout: 60, sorry_server_inhibit: true, ${sorry}`),
    both,
    "a sorry server that waits with weight 0 keeps nobody",
  );
  t.strictSame(
    defaults("persistence_timeout: 60", "maintenance_directory: /etc/relevo/maintenance"),
    both,
    "nor does maintenance",
  );
  t.strictSame(defaults("inhibit_on_failure: true, persistence_timeout: 60"), both);
  t.strictSame(
    defaults(
      "persistence_timeout: 60",
      "ipvs_sysctls: { expire_nodest_conn: 0, expire_quiescent_template: 0 }",
    ),
    { expire_nodest_conn: "0", expire_quiescent_template: "0" },
    "what is said counts",
  );
});

t.test("with connection sync a connection is told of at once, and again", async (t) => {
  t.strictSame(balancer("lvs_sync_daemon: { interface: eth1 }").sysctls, {
    sync_threshold: "3 0",
    sync_refresh_period: "10",
  });
});

t.test("traffic of so many real servers is told apart", async (t) => {
  t.equal(balancer("").trafficSeriesMax, 1_000);
  t.equal(configOf(`metrics: { real_servers_max: 0 }\n${instance()}`).balancer.trafficSeriesMax, 0);
  t.equal(configOf(`metrics: false\n${instance()}`).balancer.trafficSeriesMax, 0);
});
