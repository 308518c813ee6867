/**
 * Goal: what Prometheus is told is so, also while a process is away. Method: reports as the processes send them; the
 * page's lines.
 */

import t from "tap";
import { Metrics } from "../../src/supervisor/metrics.ts";

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
  const realServers = [{ ...real, up: true }];
  metrics.onBalancerReport({ ...NOTHING_TOLD, virtualServers, realServers });
  t.strictSame(await lines(metrics, "relevo_virtual_server_quorum"), [
    'relevo_virtual_server_quorum{virtual="tcp 192.0.2.100:80"} 1',
  ]);
  t.equal((await lines(metrics, "relevo_real_server")).length, 4);
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
  t.equal((await lines(metrics, "relevo_real_server")).length, 4, "undefined is as it was");
  metrics.onProcess("balancer", false);
  t.strictSame(await lines(metrics, "relevo_real_server"), []);
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
      await lines(metrics, "relevo_traffic_untold"),
      await lines(metrics, "relevo_sync_daemon"),
    ),
    [
      `relevo_real_server_incoming_bytes_total{virtual="${virtual}",real="${real}"} 200`,
      "relevo_traffic_untold_real_servers 7",
      'relevo_sync_daemon_running{state="backup"} 1',
    ],
  );
  metrics.onProcess("balancer", false);
  t.strictSame(await lines(metrics, "relevo_sync_daemon"), []);
  t.equal((await lines(metrics, "relevo_virtual_server")).length, 1, "totals stay");
});
