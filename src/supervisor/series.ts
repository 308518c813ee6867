/**
 * Which series a configuration has: labels that name what is not in it have none, so that there are as many after a hundred
 * reloads as after one, and of real servers as many as `metrics.real_servers_max` allows.
 */

import type { Config } from "../config/config.ts";
import { toldServers } from "../core/balance/traffic.ts";

/** A series' labels. */
export type Labels = Readonly<Partial<Record<string, string | number>>>;

/** Each of these labels names something by itself. */
const NAMING = ["session", "path", "gateway", "fifo"] as const;

/** True for labels that name what is in the configuration, and for those that name nothing. */
export function seriesOf(config: Config): (labels: Labels) => boolean {
  const known = new Set(
    [...failoverSeries(config), ...balancerSeries(config), ...supervisorSeries(config)]
      .map(subjectsOf)
      .flat(),
  );
  return (labels) => subjectsOf(labels).every((subject) => known.has(subject));
}

/** What the labels name; a label is empty where nothing was meant. */
function subjectsOf(labels: Labels): readonly string[] {
  const { virtual, real, check, instance, address, interface: on } = labels;
  if (virtual !== undefined) return [subject("virtual", virtual, real, check)];
  const subjects = NAMING.filter((name) => labels[name]).map((name) => subject(name, labels[name]));
  if (instance) subjects.push(subject("instance", instance, on));
  else if (on) subjects.push(subject("interface", on));
  if (address) subjects.push(subject("address", `${address}`.replace(/\/.*$/, ""), on));
  return subjects;
}

function subject(...parts: readonly (string | number | undefined)[]): string {
  return parts.join("\n");
}

function failoverSeries({ failover }: Config): readonly Labels[] {
  const { routers, staticAddresses, bfdSessions, heartbeat, gateways } = failover;
  const paths = heartbeat?.paths ?? [];
  return [
    ...routers.flatMap(({ name: instance, interface: own, link, addresses }) => {
      const interfaces = [
        own,
        ...(link === undefined ? [] : [link.name]),
        ...addresses.map(({ interface: on }) => on),
      ];
      return [{ instance }, ...interfaces.flatMap((on) => [{ instance, interface: on }, { interface: on }])];
    }),
    ...[...routers.flatMap(({ addresses }) => addresses), ...staticAddresses].map(
      ({ address, interface: on }) => ({ address, interface: on }),
    ),
    ...bfdSessions.map(({ name: session }) => ({ session })),
    ...paths.map(({ name: path }) => ({ path })),
    ...gateways.map(({ name: gateway }) => ({ gateway })),
  ];
}

function balancerSeries({ balancer: { virtualServers, trafficSeriesMax } }: Config): readonly Labels[] {
  const told = toldServers(virtualServers, trafficSeriesMax);
  const ofServers = virtualServers.flatMap(({ name: virtual, realServers }) =>
    realServers.flatMap(({ checks }) => checks.map(({ probe }) => ({ virtual, check: probe.type }))),
  );
  const ofReal = told.flatMap(({ virtual, real, checks }) => [
    { virtual, real },
    ...checks.map(({ probe }) => ({ virtual, real, check: probe.type })),
  ]);
  return [...virtualServers.map(({ name: virtual }) => ({ virtual })), ...ofServers, ...ofReal];
}

function supervisorSeries({ notify: { groups, fifos } }: Config): readonly Labels[] {
  return [...groups.map(({ group }) => ({ instance: group })), ...fifos.map(({ path }) => ({ fifo: path }))];
}
