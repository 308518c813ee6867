/**
 * Goal: what Prometheus is told is so, also while a process is away. And there are no more series than
 * the configuration and its maximum allow. Method: reports as the processes send them; the page's lines.
 */

import t from "tap";
import type { BalancerReport, FailoverReport } from "../../src/core/report/channel.ts";
import { Metrics } from "../../src/supervisor/metrics.ts";
import { configOf, instance } from "../config/reading.ts";

const REPORT = {
  instances: [
    {
      instance: "web",
      interface: "eth0",
      vrid: 51,
      state: "master",
      priority: 150,
      held: [{ address: "192.0.2.100/24", interface: "eth0" }],
      addresses: [{ address: "192.0.2.100/24", interface: "eth0" }],
    },
  ],
  bfd: [{ session: "gw", neighbor: "192.0.2.1", state: "init" }],
  tracks: [],
  counts: [{ name: "adverts_sent", labels: { instance: "web", interface: "eth0" }, by: 3 }],
  lateness: [],
} as const;

const NOTHING_TOLD = {
  virtualServers: [],
  realServers: [],
  connections: [],
  trafficUntold: 0,
  syncDaemons: [],
  drains: [],
  checks: [],
  counts: [],
  lateness: [],
};

async function lines(metrics: Metrics, start: string): Promise<readonly string[]> {
  const page = await metrics.registry.metrics();
  return page.split("\n").filter((line) => line.startsWith(start));
}

t.test("a failover process that is away holds nothing, and its totals stay", async (t) => {
  const metrics = new Metrics("1.2.3");
  metrics.onProcess("failover", true);
  metrics.onFailoverReport(REPORT);
  t.strictSame(await lines(metrics, "relevo_vip_held"), [
    'relevo_vip_held{instance="web",vip="192.0.2.100/24",interface="eth0"} 1',
  ]);
  t.strictSame(await lines(metrics, "relevo_bfd_session_state"), [
    'relevo_bfd_session_state{session="gw",neighbor="192.0.2.1",state="admin-down"} 0',
    'relevo_bfd_session_state{session="gw",neighbor="192.0.2.1",state="down"} 0',
    'relevo_bfd_session_state{session="gw",neighbor="192.0.2.1",state="init"} 1',
    'relevo_bfd_session_state{session="gw",neighbor="192.0.2.1",state="up"} 0',
  ]);
  metrics.onProcess("failover", false);
  t.strictSame(await lines(metrics, "relevo_vip_held"), []);
  t.strictSame(await lines(metrics, "relevo_bfd_session_state"), []);
  t.strictSame(await lines(metrics, "relevo_vrrp_instance_state"), []);
  t.strictSame(await lines(metrics, "relevo_vrrp_adverts_sent_total"), [
    'relevo_vrrp_adverts_sent_total{instance="web",interface="eth0"} 3',
  ]);
});

t.test("what is known of real servers goes with the balancer", async (t) => {
  const metrics = new Metrics("1.2.3");
  const real = { virtual: "tcp 192.0.2.100:80", real: "198.51.100.21:80", weight: 1, configuredWeight: 1 };
  const virtualServers = [{ virtual: "tcp 192.0.2.100:80", hasQuorum: true }];
  const standing = async () => [
    ...(await lines(metrics, "relevo_real_server_")),
    ...(await lines(metrics, "relevo_real_servers_up")),
  ];
  const realServers = [{ ...real, up: true }];
  metrics.onBalancerReport({ ...NOTHING_TOLD, virtualServers, realServers });
  t.strictSame(await lines(metrics, "relevo_virtual_server_quorum"), [
    'relevo_virtual_server_quorum{virtual="tcp 192.0.2.100:80"} 1',
  ]);
  t.equal((await standing()).length, 4);
  const drain = {
    virtual: real.virtual,
    real: real.real,
    source: "operator",
    end: "hold",
    progress: 0.5,
  } as const;
  metrics.onBalancerReport({
    ...NOTHING_TOLD,
    virtualServers,
    realServers: undefined,
    drains: [
      { ...drain, state: "draining", left: 7 },
      { ...drain, real: "198.51.100.22:80", state: "draining", left: undefined },
    ],
  });
  t.strictSame(await lines(metrics, "relevo_drain"), [
    'relevo_drains{state="draining"} 2',
    'relevo_drains{state="drained"} 0',
    'relevo_drain_connections_left{virtual="tcp 192.0.2.100:80",real="198.51.100.21:80"} 7',
  ]);
  metrics.onProcess("failover", false);
  t.equal((await standing()).length, 4, "undefined is as it was");
  metrics.onProcess("balancer", false);
  t.strictSame(await standing(), []);
});

t.test("traffic and sync daemons, as the balancer tells of them", async (t) => {
  const metrics = new Metrics("1.2.3");
  const [virtual, real] = ["tcp 192.0.2.100:80", "198.51.100.21:80"];
  const report = {
    ...NOTHING_TOLD,
    connections: [
      { virtual, real: undefined, active: 4, inactive: 5, persistent: 0 },
      { virtual, real, active: 3, inactive: 2, persistent: 0 },
    ],
    trafficUntold: 7,
    syncDaemons: [{ state: "backup", running: true } as const],
    counts: [
      { name: "virtual_server_connections", labels: { virtual }, by: 9 } as const,
      { name: "real_server_incoming_bytes", labels: { virtual, real }, by: 100 } as const,
    ],
  };
  metrics.onBalancerReport(report);
  metrics.onBalancerReport(report);
  t.strictSame(await lines(metrics, "relevo_virtual_server"), [
    `relevo_virtual_server_current_connections{virtual="${virtual}",state="active"} 4`,
    `relevo_virtual_server_current_connections{virtual="${virtual}",state="inactive"} 5`,
    `relevo_virtual_server_current_connections{virtual="${virtual}",state="persistent"} 0`,
    `relevo_virtual_server_connections_total{virtual="${virtual}"} 18`,
  ]);
  t.strictSame(
    (await lines(metrics, "relevo_real_server_incoming")).concat(
      await lines(metrics, "relevo_real_servers_untold"),
      await lines(metrics, "relevo_sync_daemon"),
    ),
    [
      `relevo_real_server_incoming_bytes_total{virtual="${virtual}",real="${real}"} 200`,
      "relevo_real_servers_untold 7",
      'relevo_sync_daemon_running{state="backup"} 1',
    ],
  );
  metrics.onProcess("balancer", false);
  t.strictSame(await lines(metrics, "relevo_sync_daemon"), []);
  t.equal((await lines(metrics, "relevo_virtual_server")).length, 1, "totals stay");
});

/** Two virtual servers with two real servers each, which are checked by TCP; the first of them are .first and .first+1. */
function site(first: number, more = ""): string {
  const server = (port: number, from: number) => `
  - address: 192.0.2.100
    port: ${port}
    lvs_method: DR
    real_servers: [{ address: 198.51.100.${from}-${from + 1}, checks: [{ tcp: {} }] }]`;
  return `${instance()}${more}virtual_servers:${server(80, first)}${server(81, 31)}\n`;
}

/** What the balancer counts for a site's real servers. */
function balancerReport(first: number): BalancerReport {
  const reals = [first, first + 1, 31, 32].map((host) => {
    const port = host < 31 ? 80 : 81;
    return { virtual: `tcp 192.0.2.100:${port}`, real: `198.51.100.${host}:${port}` };
  });
  return {
    ...NOTHING_TOLD,
    realServers: reals.map((names) => ({ ...names, up: true, weight: 1, configuredWeight: 1 })),
    checks: reals.map((names) => ({ ...names, check: "tcp", ok: true, seconds: 0.01 })),
    counts: reals.flatMap((names) => [
      { name: "checks", labels: { ...names, check: "tcp", result: "ok" }, by: 1 } as const,
      { name: "real_server_connections", labels: names, by: 2 } as const,
      { name: "virtual_server_connections", labels: { virtual: names.virtual }, by: 2 } as const,
    ]),
  };
}

/** The real servers and counts of a metric's series, such as `21: 1`. */
async function hosts(metrics: Metrics, name: string): Promise<readonly string[]> {
  const found = await lines(metrics, `relevo_${name}{`);
  return found.map((line) => line.replace(/.*real="198\.51\.100\.(\d+):\d+".*\} /, "$1: "));
}

t.test("a reload ends the series of what goes, and keeps the counts of what stays", async (t) => {
  const metrics = new Metrics("1.2.3");
  const load = async (first: number) => {
    metrics.onConfigComing(configOf(site(first)));
    metrics.onBalancerReport(balancerReport(first));
    await metrics.onConfigInForce();
  };
  await load(21);
  metrics.onBalancerReport(balancerReport(21));
  t.strictSame(
    await hosts(metrics, "checks_total"),
    ["21: 2", "22: 2", "31: 2", "32: 2"],
    "counted once each",
  );
  const sizes = [];
  for (const first of [22, 24, 26, 28]) {
    await load(first);
    // What had been counted before, and is told only now.
    metrics.onBalancerReport({ ...balancerReport(21), realServers: undefined });
    sizes.push((await metrics.registry.metrics()).split("\n").length);
  }
  t.equal(new Set(sizes).size, 1, "no more lines after the fourth than after the first");
  t.strictSame(await hosts(metrics, "checks_total"), ["31: 10", "32: 10", "28: 1", "29: 1"]);
  t.strictSame(await hosts(metrics, "real_server_connections_total"), ["31: 20", "32: 20", "28: 2", "29: 2"]);
  t.strictSame(await hosts(metrics, "real_server_up"), ["28: 1", "29: 1", "31: 1", "32: 1"]);
  metrics.onConfigComing(configOf(instance()));
  await metrics.onConfigInForce();
  t.strictSame(await lines(metrics, "relevo_virtual_server_connections"), []);
  t.strictSame(await lines(metrics, "relevo_check"), [], "the histogram's, too");
});

t.test("of real servers so many have series as the file allows", async (t) => {
  const metrics = new Metrics("1.2.3");
  metrics.onConfigComing(configOf(site(21, "metrics: { real_servers_max: 3 }\n")));
  await metrics.onConfigInForce();
  metrics.onBalancerReport({ ...balancerReport(21), trafficUntold: 1 });
  t.strictSame(await hosts(metrics, "checks_total"), ["21: 1", "22: 1", "31: 1"]);
  t.strictSame(await hosts(metrics, "real_server_up"), ["21: 1", "22: 1", "31: 1"]);
  t.equal((await lines(metrics, "relevo_real_server_weight")).length, 6);
  t.strictSame(await lines(metrics, "relevo_real_servers_u"), [
    'relevo_real_servers_up{virtual="tcp 192.0.2.100:80"} 2',
    'relevo_real_servers_up{virtual="tcp 192.0.2.100:81"} 2',
    "relevo_real_servers_untold 1",
  ]);
  t.strictSame(await lines(metrics, "relevo_check_duration_seconds_count"), [
    'relevo_check_duration_seconds_count{virtual="tcp 192.0.2.100:80",check="tcp"} 2',
    'relevo_check_duration_seconds_count{virtual="tcp 192.0.2.100:81",check="tcp"} 2',
  ]);
});

t.test(
  "instances, groups, addresses, paths and pipes end with the configuration that has them",
  async (t) => {
    const metrics = new Metrics("1.2.3");
    const on = { instance: "web", interface: "eth0" };
    const [address, network] = ["192.0.2.100", "192.0.2.100/24"];
    const report: FailoverReport = {
      ...{ instances: [], bfd: [], tracks: [], lateness: [] },
      counts: [
        { name: "adverts_sent", labels: on, by: 1 },
        { name: "adverts_discarded", labels: { instance: "", interface: "eth0", cause: "vrid" }, by: 1 },
        { name: "transitions", labels: { instance: "web", to: "master", cause: "owner" }, by: 1 },
        { name: "announcements_sent", labels: { address, interface: "eth0" }, by: 1 },
        { name: "lease_expirations", labels: { address: network, interface: "eth0" }, by: 1 },
        { name: "conflicts", labels: { ...on, address }, by: 1 },
        { name: "drift", labels: { kind: "address" }, by: 1 },
        { name: "lease_renewals", labels: { result: "ok" }, by: 1 },
      ],
    };
    const tell = () => {
      metrics.onFailoverReport(report);
      metrics.onNotifyRun("web", "master", true);
      metrics.onNotifyLinesDropped("/run/relevo/pipe", 1);
    };
    const pipe = "global_defs: { notify_fifo: /run/relevo/pipe }\n";
    metrics.onConfigComing(configOf(`${pipe}${instance()}`));
    await metrics.onConfigInForce();
    tell();
    const names = "adverts|vrrp|announcements|lease|address|drift|notify";
    const count = async () =>
      (await lines(metrics, "relevo_")).filter((line) => line.match(`^relevo_(${names})`)).length;
    t.equal(await count(), 10);
    metrics.onConfigComing(configOf(instance({ interface: "eth1" }).replace("web:", "mail:")));
    await metrics.onConfigInForce();
    tell();
    t.equal(await count(), 2, "those that are of none");
  },
);
