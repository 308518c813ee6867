/**
 * Goal: every kind of service, scheduler, flag, persistence, tunnel and threshold of the configuration file arrives in the
 * kernel, a change of it is an edit that connections survive, and what this kernel does not have keeps nothing else away.
 * Method: configuration files, the balancer process, and `ipvsadm` as the witness.
 */

import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { ip, WEB } from "../core/balance/servers.ts";
import { hasIpvs } from "./guest.ts";
import { FOREIGN, openWorld } from "./web-service.ts";
import { until, type World } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

function configuration(servers: string, rest = "") {
  return configOf(`${instance()}${rest}virtual_servers:\n${servers}`).balancer;
}

const REAL = "real_servers: [{ address: 198.51.100.21 }]";

/** The schedulers that every kernel with ip_vs has. */
const SCHEDULERS = "rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq".split(" ");

/** Counts of connections of the destinations, which go with a destination that is deleted and added again. */
function connections(world: World): string {
  const stats = world.run("ipvsadm", "-Ln", "--stats", "--exact");
  return stats
    .split("\n")
    .filter((line) => line.includes("->") && !line.includes("RemoteAddress"))
    .map((line) => line.trim().split(/\s+/).slice(1, 3).join(" "))
    .join(", ");
}

if (hasIpvs(t, import.meta.url)) {
  t.test("each kind of service arrives, with its settings", async (t) => {
    const world = await openWorld(t);
    const balancer = world.forkBalancer();
    const groups =
      'virtual_server_groups: { web: ["192.0.2.110-111 80", "192.0.2.112/31 8080-8081", "fwmark 9"] }\n';
    await balancer.configure(
      configuration(
        `
  - { address: 192.0.2.100, port: 80, ${REAL} }
  - { address: 192.0.2.100, port: 53, protocol: UDP, lvs_sched: sh, sh-port: true, sh-fallback: true, ops: true }
  - { address: 192.0.2.100, port: 5060, protocol: SCTP, lvs_sched: mh, mh-port: true, lvs_method: DR, ${REAL} }
  - { address: 192.0.2.100, port: 0, lvs_sched: rr, persistence_timeout: , ${REAL} }
  - { address: 192.0.2.101, port: 80, persistence_timeout: 2m, persistence_granularity: 255.255.255.0 }
  - { address: 192.0.2.102, port: 5060, protocol: UDP, persistence_timeout: 60, persistence_engine: sip }
  - { address: "2001:db8::100", port: 80, persistence_timeout: 60, persistence_granularity: 64,
      real_servers: [{ address: "2001:db8::21-22", port: 8080 }] }
  - { address: "2001:db8::101", port: 80, lvs_method: TUN, ${REAL} }
  - { fwmark: 7, ${REAL} }
  - { fwmark: 7, ip_family: inet6, lvs_method: DR, real_servers: [{ address: "2001:db8::21" }] }
  - { group: web, lvs_sched: wrr, real_servers: [{ address: 198.51.100.21, weight: 3 }] }
  - { address: 192.0.2.103, port: 80, lvs_method: TUN type gue port 6080 csum, real_servers: [
      { address: 198.51.100.21, uthreshold: 9, lthreshold: 3 }, { address: 198.51.100.22, lvs_method: TUN type gre },
      { address: 198.51.100.23, lvs_method: TUN }, { address: 198.51.100.24, lvs_method: NAT } ] }
`,
        groups,
      ),
    );
    await world.tableIs(
      ...FOREIGN,
      "-A -t 192.0.2.100:80 -s wlc",
      "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
      "-A -u 192.0.2.100:53 -s sh -o -b sh-fallback,sh-port",
      "-A --sctp-service 192.0.2.100:5060 -s mh -b mh-port",
      "-a --sctp-service 192.0.2.100:5060 -r 198.51.100.21:5060 -g -w 1",
      "-A -t 192.0.2.100:0 -s rr -p 360",
      "-a -t 192.0.2.100:0 -r 198.51.100.21:0 -m -w 1",
      "-A -t 192.0.2.101:80 -s wlc -p 120 -M 255.255.255.0",
      "-A -u 192.0.2.102:5060 -s wlc -p 60 --pe sip",
      "-A -t [2001:db8::100]:80 -s wlc -p 60 -M 64",
      "-a -t [2001:db8::100]:80 -r [2001:db8::21]:8080 -m -w 1",
      "-a -t [2001:db8::100]:80 -r [2001:db8::22]:8080 -m -w 1",
      "-A -t [2001:db8::101]:80 -s wlc",
      "-a -t [2001:db8::101]:80 -r 198.51.100.21:80 -i -w 1 --tun-type ipip",
      "-A -f 7 -s wlc",
      "-a -f 7 -r 198.51.100.21:0 -m -w 1",
      "-A -f 7 -6 -s wlc",
      "-a -f 7 -6 -r [2001:db8::21]:0 -g -w 1",
      ...["-t 192.0.2.110:80", "-t 192.0.2.111:80"].flatMap((service) => [
        `-A ${service} -s wrr`,
        `-a ${service} -r 198.51.100.21:80 -m -w 3`,
      ]),
      ...[112, 113].flatMap((host) =>
        [8080, 8081].flatMap((port) => [
          `-A -t 192.0.2.${host}:${port} -s wrr`,
          `-a -t 192.0.2.${host}:${port} -r 198.51.100.21:${port} -m -w 3`,
        ]),
      ),
      "-A -f 9 -s wrr",
      "-a -f 9 -r 198.51.100.21:0 -m -w 3",
      "-A -t 192.0.2.103:80 -s wlc",
      "-a -t 192.0.2.103:80 -r 198.51.100.21:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
      "-a -t 192.0.2.103:80 -r 198.51.100.22:80 -i -w 1 --tun-type gre --tun-nocsum",
      "-a -t 192.0.2.103:80 -r 198.51.100.23:80 -i -w 1 --tun-type ipip",
      "-a -t 192.0.2.103:80 -r 198.51.100.24:80 -m -w 1",
    );
    const thresholds = world.run("ipvsadm", "-Ln", "--thresholds", "-t", "192.0.2.103:80");
    t.match(thresholds, /198\.51\.100\.21:80 +9 +3 /);
    t.equal(world.run("cat", "/proc/sys/net/ipv6/conf/all/forwarding").trim(), "1", "NAT of IPv6 needs it");
    t.notOk(balancer.events.some(({ name }) => name === "ipvs-refused"));

    t.comment("a look finds nothing to do: what the kernel says is what was asked for");
    const changes = balancer.count("ipvs_changes");
    await balancer.configure(configuration(`  - { address: 192.0.2.100, port: 80, ${REAL} }\n`));
    await world.tableIs(
      ...FOREIGN,
      "-A -t 192.0.2.100:80 -s wlc",
      "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
    );
    await until("a report", () => balancer.count("ipvs_changes") > changes);
    t.notOk(balancer.events.some(({ name }) => name === "ipvs-drift"));
    t.equal(world.run("cat", "/proc/sys/net/ipv6/conf/all/forwarding").trim(), "0", "as it was");
    await balancer.stop();
    t.strictSame(world.table(), [...FOREIGN]);
  });

  t.test("a change of scheduler, flags, persistence, method and thresholds is an edit", async (t) => {
    const world = await openWorld(t);
    world.run("ip", "addr", "add", "192.0.2.100/32", "dev", "lo");
    const balancer = world.forkBalancer();
    await balancer.configure(configuration(`  - { address: 192.0.2.100, port: 80, ${REAL} }\n`));
    await world.tableIs(
      ...FOREIGN,
      "-A -t 192.0.2.100:80 -s wlc",
      "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
    );
    t.equal(world.run("curl", "-s", "--max-time", "30", "http://192.0.2.100/"), "well\n");
    // The kernel adds up what its processors have counted every two seconds.
    await until("it is counted", () => connections(world).includes("198.51.100.21:80 1"));

    for (const scheduler of SCHEDULERS) {
      const flags = scheduler === "mh" ? "mh-port: true, " : "";
      await balancer.configure(
        configuration(`  - { address: 192.0.2.100, port: 80, lvs_sched: ${scheduler}, ${flags}${REAL} }\n`),
      );
      const text = scheduler === "mh" ? " -b mh-port" : "";
      await world.tableIs(
        ...FOREIGN,
        `-A -t 192.0.2.100:80 -s ${scheduler}${text}`,
        "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
      );
    }
    await balancer.configure(
      configuration(
        "  - { address: 192.0.2.100, port: 80, lvs_sched: nq, persistence_timeout: 60, lvs_method: TUN," +
          " real_servers: [{ address: 198.51.100.21, weight: 5, uthreshold: 7 }] }\n",
      ),
    );
    await world.tableIs(
      ...FOREIGN,
      "-A -t 192.0.2.100:80 -s nq -p 60",
      "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -i -w 5 --tun-type ipip",
    );
    t.match(connections(world), "198.51.100.21:80 1", "nothing was deleted on the way");
    const plans = balancer.events.filter(({ name }) => name === "ipvs-applied").slice(1);
    t.ok(plans.length > 0);
    t.notMatch(JSON.stringify(plans), /"-[AaDd] /);
    await balancer.stop();
  });

  t.test(
    "a scheduler that this kernel does not have is told with the cure, and the rest works",
    async (t) => {
      const world = await openWorld(t);
      const balancer = world.forkBalancer();
      await balancer.configure({
        ...configuration(
          `  - { address: 192.0.2.100, port: 81, lvs_sched: twos, ${REAL} }\n  - { address: 192.0.2.100, port: 80, ${REAL} }\n`,
        ),
        timeouts: { tcp: 1_000, tcpFin: undefined, udp: 77 },
      });
      await world.tableIs(
        ...FOREIGN,
        "-A -t 192.0.2.100:80 -s wlc",
        "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
      );
      const refused = await balancer.heard("ipvs-refused");
      t.match(refused.fields, {
        service: "tcp 192.0.2.100:81",
        operation: "-A -t 192.0.2.100:81 -s twos",
        errno: "ENOENT",
        cause: /no scheduler twos, and its module ip_vs_twos could not be loaded/,
        cure: /modprobe ip_vs_twos/,
      });
      t.match(world.run("ipvsadm", "-Ln", "--timeout"), "1000 120 77");
      await balancer.stop();
      t.match(world.run("ipvsadm", "-Ln", "--timeout"), "900 120 300", "as they were");
      t.strictSame(world.table(), [...FOREIGN]);
    },
  );

  t.test("what the kernel refuses of one service does not keep the others away", async (t) => {
    const world = await openWorld(t);
    const balancer = world.forkBalancer();
    const config = configuration(`
  - { address: 192.0.2.100, port: 80, ${REAL} }
  - { address: 192.0.2.100, port: 81, real_servers: [{ address: 198.51.100.21-22 }] }
`);
    // What the rules on the file would not let through.
    const [good, bad] = config.virtualServers;
    const [first, second] = bad?.realServers ?? [];
    if (good === undefined || bad === undefined || first === undefined || second === undefined)
      throw new Error("there are two of each");
    const [six] = configuration(
      '  - { address: "2001:db8::1", port: 1, real_servers: [{ address: "2001:db8::2" }] }\n',
    ).virtualServers;
    const alien = six?.realServers[0];
    if (alien === undefined) throw new Error("there is one");
    const nobody = { ...second, address: ip("224.0.0.1") };
    await balancer.configure({
      ...config,
      virtualServers: [
        { ...bad, realServers: [alien, { ...first, upperThreshold: 1, lowerThreshold: 2 }, second, nobody] },
        {
          ...bad,
          services: [{ ...WEB, port: 82 }],
          persistence: { timeout: 60, prefixLength: 32, engine: "nonsense" as "sip" },
        },
        good,
      ],
    });
    await world.tableIs(
      ...FOREIGN,
      "-A -t 192.0.2.100:80 -s wlc",
      "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
      "-A -t 192.0.2.100:81 -s wlc",
      "-a -t 192.0.2.100:81 -r 198.51.100.22:81 -m -w 1",
    );
    await until("all were told", () => balancer.count("ipvs_errors", { errno: "ENOENT" }) > 0);
    const told = balancer.events.filter(({ name }) => name === "ipvs-refused");
    t.match(
      told.map(({ fields }) => fields),
      [
        { service: "tcp 192.0.2.100:81", errno: "EINVAL", cause: /of the other address family/, cure: /TUN/ },
        { service: "tcp 192.0.2.100:81", errno: "ERANGE", cause: /threshold/, cure: /lthreshold/ },
        {
          service: "tcp 192.0.2.100:81",
          errno: "EINVAL",
          cause: /224\.0\.0\.1:81 for an address that no real server can have/,
          cure: /unicast/,
        },
        {
          service: "tcp 192.0.2.100:82",
          operation: "-A -t 192.0.2.100:82 -s wlc -p 60 --pe nonsense",
          errno: "ENOENT",
          cause: /the persistence engine nonsense: ip_vs_wlc or ip_vs_pe_nonsense/,
          cure: /modprobe -a ip_vs_wlc ip_vs_pe_nonsense/,
        },
      ],
    );
    await balancer.stop();
    t.strictSame(world.table(), [...FOREIGN]);
  });
}
