/**
 * What a good file means. Goal: every key reaches the core's model with the right unit and default. Method: expected
 * models written out by hand; durations there are microseconds.
 */

import t from "tap";
import type { Duration } from "../../src/core/units/time.ts";
import { complaints, configOf, instance, serverWithChecks } from "./reading.ts";

const us = (count: number): Duration => count as Duration;

t.test("a small file gets keepalived's defaults, and ours where they differ", (t) => {
  const config = configOf(instance());
  t.strictSame(config.failover, {
    routers: [
      {
        name: "web",
        interface: "eth0",
        vrid: 51,
        version: 2,
        family: 4,
        delivery: { type: "multicast", group: "224.0.0.18", source: undefined },
        priority: 100,
        advertInterval: us(1_000_000),
        downTimerAdverts: 3,
        preempt: true,
        preemptDelay: us(0),
        v3ChecksumAsV2: false,
        addresses: [{ address: "192.0.2.100", prefixLength: 24, interface: "eth0", lease: us(3_000_000) }],
        announcing: { delay: us(5_000_000), repeat: 5, refresh: us(60_000_000), refreshRepeat: 1 },
        contention: { announceDelay: us(5_000_000), announceRepeat: 5, answer: true, lastWord: true },
        accept: true,
        routing: [],
        syncGroup: undefined,
        tracks: [],
      },
    ],
    startupDelay: us(0),
    realtimePriority: 50,
    staticAddresses: [],
    staticRouting: [],
    trackedRoutes: {},
    announcementPace: { 4: us(0), 6: us(0) },
    gateways: [],
    linkDelays: {},
    bfdSessions: [],
  });
  t.equal(config.node, undefined);
  t.strictSame(config.metrics, { address: "127.0.0.1", port: 9_165 });
  t.strictSame(config.balancer, {
    virtualServers: [],
    activeOnly: false,
    syncDaemon: undefined,
    sysctls: {},
    realServersMax: 1_000,
    timeouts: { tcp: undefined, tcpFin: undefined, udp: undefined },
    masquerade: undefined,
    tellInitial: false,
  });
  t.strictSame(complaints(instance()), []);
  t.end();
});

t.test("every key of an instance arrives", (t) => {
  const { failover } = configOf(`
global_defs:
  vrrp_version: 3
  vrrp_rt_priority: 0
  vrrp_garp_interval: 0.01
  vrrp_gna_interval: 1.5ms
  vrrp_owner_ignore_adverts: true
  vrrp_min_garp: true
  vrrp_garp_master_delay: 7
  vrrp_garp_master_repeat: 2
  vrrp_garp_master_refresh: 2m
  vrrp_garp_master_refresh_repeat: 3
  vrrp_down_timer_adverts: 4
  vrrp_startup_delay: 90
  vip_lease: false
  vrrp_lower_prio_no_advert: true
  vrrp_higher_prio_send_advert: true
vrrp_sync_groups: { both: { group: [own, globals] } }
vrrp_instances:
  globals:
    interface: eth0
    virtual_router_id: 1
    priority: 7
    advert_int: 100ms
    nopreempt: true
    v3_checksum_as_v2: true
    vip_lease: 1.5m
    virtual_ipaddress: [192.0.2.1, 192.0.2.2/24 dev eth1, { address: 192.0.2.3/31, dev: eth1 }]
  own:
    interface: eth0
    state: BACKUP
    down_timer_adverts: 100
    preempt_delay: 0
    garp_lower_prio_delay: 8
    garp_lower_prio_repeat: 0
    lower_prio_no_advert: false
    higher_prio_send_advert: false
    owner_ignore_adverts: false
    virtual_ipaddress_excluded: [192.0.2.5/24, "192.0.2.6/32 dev eth1"]
    virtual_router_id: 2
    version: 2
    preempt: false
    advert_int: 255
    virtual_ipaddress: [192.0.2.4/1]
    garp_master_delay: 0
    garp_master_repeat: 1
    garp_master_refresh: 0
    garp_master_refresh_repeat: 100
`);
  t.strictSame(failover, {
    routers: [
      {
        name: "globals",
        interface: "eth0",
        vrid: 1,
        version: 3,
        family: 4,
        delivery: { type: "multicast", group: "224.0.0.18", source: undefined },
        priority: 7,
        advertInterval: us(100_000),
        downTimerAdverts: 4,
        preempt: false,
        preemptDelay: us(0),
        v3ChecksumAsV2: true,
        addresses: [
          { address: "192.0.2.1", prefixLength: 32, interface: "eth0", lease: us(90_000_000) },
          { address: "192.0.2.2", prefixLength: 24, interface: "eth1", lease: us(90_000_000) },
          { address: "192.0.2.3", prefixLength: 31, interface: "eth1", lease: us(90_000_000) },
        ],
        announcing: { delay: us(7_000_000), repeat: 2, refresh: us(120_000_000), refreshRepeat: 3 },
        contention: { announceDelay: us(7_000_000), announceRepeat: 2, answer: false, lastWord: true },
        accept: true,
        routing: [],
        ownerHeeds: "nobody",
        syncGroup: "both",
        tracks: [],
      },
      {
        name: "own",
        interface: "eth0",
        vrid: 2,
        version: 2,
        family: 4,
        delivery: { type: "multicast", group: "224.0.0.18", source: undefined },
        priority: 100,
        advertInterval: us(255_000_000),
        downTimerAdverts: 100,
        preempt: false,
        preemptDelay: us(0),
        v3ChecksumAsV2: false,
        addresses: [
          { address: "192.0.2.4", prefixLength: 1, interface: "eth0" },
          { address: "192.0.2.5", prefixLength: 24, interface: "eth0", excluded: true },
          { address: "192.0.2.6", prefixLength: 32, interface: "eth1", excluded: true },
        ],
        announcing: { delay: us(0), repeat: 1, refresh: us(0), refreshRepeat: 100 },
        contention: { announceDelay: us(8_000_000), announceRepeat: 0, answer: true, lastWord: false },
        accept: true,
        routing: [],
        syncGroup: "both",
        tracks: [],
      },
    ],
    startupDelay: us(90_000_000),
    realtimePriority: 0,
    staticAddresses: [],
    staticRouting: [],
    trackedRoutes: {},
    announcementPace: { 4: us(10_000), 6: us(1_500) },
    gateways: [],
    linkDelays: {},
    bfdSessions: [],
  });
  t.end();
});

t.test("vrrp_min_garp: one announcement, unless the file says otherwise", (t) => {
  const { failover } = configOf(`global_defs: { vrrp_min_garp: true }
${instance()}`);
  t.match(failover.routers[0], {
    announcing: { delay: 0, repeat: 1, refresh: us(60_000_000), refreshRepeat: 1 },
    contention: { announceDelay: 0, announceRepeat: 1 },
  });
  t.end();
});

t.test("a virtual server gets keepalived's defaults", (t) => {
  const { balancer } = configOf(serverWithChecks("- tcp:\n"));
  t.strictSame(balancer.virtualServers, [
    {
      name: "tcp 192.0.2.100:80",
      services: [{ protocol: "tcp", address: "192.0.2.100", port: 80 }],
      scheduler: "wlc",
      schedulerFlags: [],
      onePacket: false,
      persistence: undefined,
      quorum: { quorum: 1, hysteresis: 0 },
      haSuspend: false,
      sorryServer: undefined,
      realServers: [
        {
          address: "198.51.100.21",
          port: 80,
          weight: 1,
          method: "nat",
          tunnel: undefined,
          upperThreshold: 0,
          lowerThreshold: 0,
          inhibitOnFailure: false,
          alpha: false,
          slowStart: us(0),
          checks: [
            {
              timing: {
                delayLoop: us(60_000_000),
                retry: 1,
                delayBeforeRetry: us(1_000_000),
                warmup: us(60_000_000),
              },
              probe: {
                type: "tcp",
                endpoint: { address: "198.51.100.21", port: 80 },
                connectTimeout: us(5_000_000),
              },
            },
          ],
        },
      ],
    },
  ]);
  t.end();
});

t.test("timing is inherited from the virtual server to the real server to the check", (t) => {
  const { balancer } = configOf(`
virtual_servers:
  - address: 192.0.2.100
    port: 53
    protocol: udp
    lvs_sched: rr
    lvs_method: DR
    delay_loop: 10
    retry: 2
    delay_before_retry: 3
    warmup: 0
    connect_timeout: 4
    inhibit_on_failure: true
    real_servers:
      - address: 198.51.100.21
        weight: 0
        retry: 5
        connect_timeout: 500ms
        checks:
          - tcp: { delay_loop: 1h, connect_ip: 198.51.100.99, connect_port: 54 }
          - send_expect: { expect: ok, retry: 0, timeout: 1.5s, max_bytes: 10 }
      - { address: 198.51.100.22, port: 5353, lvs_method: nat, inhibit_on_failure: false, checks: [{ tcp: {} }] }
`);
  const [server] = balancer.virtualServers;
  t.match(server, { services: [{ protocol: "udp" }], scheduler: "rr" });
  const [first, second] = server?.realServers ?? [];
  t.match(first, { port: 53, weight: 0, method: "dr", inhibitOnFailure: true });
  t.strictSame(first?.checks, [
    {
      timing: { delayLoop: us(3_600_000_000), retry: 5, delayBeforeRetry: us(3_000_000), warmup: us(0) },
      probe: {
        type: "tcp",
        endpoint: { address: "198.51.100.99", port: 54 },
        connectTimeout: us(500_000),
      },
    },
    {
      timing: { delayLoop: us(10_000_000), retry: 0, delayBeforeRetry: us(3_000_000), warmup: us(0) },
      probe: {
        type: "send_expect",
        endpoint: { address: "198.51.100.21", port: 53 },
        connectTimeout: us(500_000),
        send: new Uint8Array(),
        expect: "ok",
        timeout: us(1_500_000),
        maxBytes: 10,
      },
    },
  ]);
  t.match(second, { port: 5353, method: "nat", inhibitOnFailure: false });
  t.match(second?.checks[0], {
    timing: { delayLoop: 10_000_000, retry: 2 },
    probe: { endpoint: { port: 5353 }, connectTimeout: 4_000_000 },
  });
  t.end();
});

t.test("warmup follows the delay_loop that is in force", (t) => {
  const { balancer } = configOf(serverWithChecks("- tcp: { delay_loop: 7 }\n"));
  t.equal(balancer.virtualServers[0]?.realServers[0]?.checks[0]?.timing.warmup, 7_000_000);
  t.end();
});

t.test("send_expect waits for an answer as long as for a connection, unless told otherwise", (t) => {
  const { balancer } = configOf(
    serverWithChecks("- send_expect: { send: a, expect: b, connect_timeout: 2 }\n"),
  );
  t.match(balancer.virtualServers[0]?.realServers[0]?.checks[0]?.probe, {
    send: Uint8Array.of(0x61),
    timeout: 2_000_000,
    maxBytes: 65_536,
  });
  t.end();
});

t.test(
  "a script has a command, an account, and a timeout that follows delay_loop within 1 s and 30 s",
  (t) => {
    const script = "script: { command: [/usr/lib/relevo/check-web, a b]";
    const { balancer } = configOf(
      serverWithChecks(`- ${script} }
- ${script}, delay_loop: 4 }
- ${script}, delay_loop: 100ms, user: checker }
- ${script}, timeout: 50ms }
`),
    );
    const checks = balancer.virtualServers[0]?.realServers[0]?.checks ?? [];
    t.strictSame(
      checks.map(({ probe }) => probe),
      [
        [30_000_000, "nobody", 65_534],
        [4_000_000, "nobody", 65_534],
        [1_000_000, "checker", 1_001],
        [50_000, "nobody", 65_534],
      ].map(([timeout, name, id]) => ({
        type: "script",
        command: ["/usr/lib/relevo/check-web", "a b"],
        timeout,
        user: { name, uid: id, gid: id },
      })),
    );
    t.end();
  },
);

t.test("script_user names another account for all scripts", (t) => {
  const text = serverWithChecks("- script: { command: [/usr/lib/relevo/check-web] }\n");
  const { balancer } = configOf(`global_defs: { script_user: checker }\n${text}`);
  t.match(balancer.virtualServers[0]?.realServers[0]?.checks[0]?.probe, { user: { name: "checker" } });
  t.end();
});

t.test("metrics can be moved and switched off", (t) => {
  t.strictSame(configOf(`metrics: { port: 80 }\n${instance()}`).metrics, { address: "127.0.0.1", port: 80 });
  t.strictSame(configOf(`metrics: { address: "::" }\n${instance()}`).metrics, { address: "::", port: 9_165 });
  t.equal(configOf(`metrics: false\n${instance()}`).metrics, undefined);
  t.end();
});

t.test("aliases and merge keys mean what they stand for", (t) => {
  const { balancer } = configOf(`
virtual_servers:
  - &plain
    address: 192.0.2.100
    port: 80
    real_servers: &reals [{ address: 198.51.100.21, checks: [&check { tcp: { retry: 3 } }, *check] }]
  - { <<: *plain, port: 443 }
  - { address: 192.0.2.101, port: 25, real_servers: *reals }
`);
  t.strictSame(
    balancer.virtualServers.map(({ name, realServers }) => [
      name,
      realServers[0]?.port,
      realServers[0]?.checks.map(({ timing }) => timing.retry),
    ]),
    [
      ["tcp 192.0.2.100:80", 80, [3, 3]],
      ["tcp 192.0.2.100:443", 443, [3, 3]],
      ["tcp 192.0.2.101:25", 25, [3, 3]],
    ],
  );
  t.end();
});

t.test("nothing in a configuration can be changed", (t) => {
  const config = configOf(serverWithChecks('- send_expect: { send: "x", expect: "y" }\n'));
  const frozen = (value: unknown): boolean =>
    typeof value !== "object" ||
    value === null ||
    value instanceof Uint8Array ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));
  t.ok(frozen(config));
  t.end();
});
