/**
 * The IPVS table as lines, one for each service and one for each of its destinations, as `ipvsadm -Sn` prints them:
 *
 *     -A -t 192.0.2.100:80 -s rr
 *     -a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1
 */

import { type Method, PORT, REAL_SERVERS, realServerAddress, VIP } from "./plan.ts";

/** A service of somebody else, there before the directors start and not theirs to touch. */
export const FOREIGN: readonly string[] = [
  "-A -t 203.0.113.7:8080 -s wlc",
  "-a -t 203.0.113.7:8080 -r 203.0.113.8:8080 -m -w 7",
];

/** The lines of a printed table, without the order in which the kernel happens to list them. */
export function tableLines(printed: string): readonly string[] {
  return printed
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .toSorted();
}

/** What the configuration asks for while these real servers are down: they keep their place with weight 0. */
export function wantedTable(method: Method, down: ReadonlySet<string>): readonly string[] {
  return [
    `-A -t ${VIP}:${PORT} -s rr`,
    ...REAL_SERVERS.map((name) => destination(method, name, down.has(name) ? 0 : 1)),
  ];
}

/** A real server's line at that weight. */
export function destination(method: Method, name: string, weight: number): string {
  const where = `-a -t ${VIP}:${PORT} -r ${realServerAddress(method, name)}:${PORT}`;
  switch (method) {
    case "nat":
      return `${where} -m -w ${weight}`;
    case "dr":
      return `${where} -g -w ${weight}`;
    case "tun":
      return `${where} -i -w ${weight} --tun-type ipip`;
  }
}
