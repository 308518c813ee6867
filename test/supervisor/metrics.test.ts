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
  metrics.onBalancerReport({ virtualServers, realServers, drains: [], checks: [], counts: [], lateness: [] });
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
    virtualServers,
    realServers: undefined,
    drains: [
      { ...drain, state: "draining", left: 7 },
      { ...drain, real: "198.51.100.22:80", state: "draining", left: undefined },
    ],
    checks: [],
    counts: [],
    lateness: [],
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
