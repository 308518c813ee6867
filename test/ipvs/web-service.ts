/** One web service on two real servers, and one that is somebody else's: what the balancer's tests are about. */

import type { BalancerConfig, RealServer } from "../../src/core/balance/model.ts";
import { milliseconds } from "../../src/core/units/time.ts";
import {
  balancerConfig,
  ip,
  realServer as plainServer,
  virtualServer,
  WEB,
} from "../core/balance/servers.ts";
import { World } from "./world.ts";

export const FOREIGN = [
  "-A -t 203.0.113.9:443 -s rr",
  "-a -t 203.0.113.9:443 -r 203.0.113.10:443 -m -w 5",
] as const;
export const SERVICE = "-A -t 192.0.2.100:80 -s wlc";
export const REAL_21 = "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1";
export const REAL_22 = "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 2";
export const REAL_22_QUIET = "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 0";

/** A real server that is checked several times a second. */
export function realServer(host: number, weight: number, inhibitOnFailure = true): RealServer {
  const address = ip(`198.51.100.${host}`);
  return plainServer(host, {
    weight,
    inhibitOnFailure,
    checks: [
      {
        timing: {
          delayLoop: milliseconds(300),
          retry: 1,
          delayBeforeRetry: milliseconds(100),
          warmup: milliseconds(100),
        },
        probe: {
          type: "send_expect",
          endpoint: { address, port: 80 },
          connectTimeout: milliseconds(10_000),
          send: new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"),
          expect: "^HTTP/1\\.[01] 200 [^]*well\n$",
          timeout: milliseconds(10_000),
          maxBytes: 4_096,
        },
      },
    ],
  });
}

function config(...realServers: readonly RealServer[]): BalancerConfig {
  return balancerConfig(virtualServer(WEB, realServers));
}

export const BOTH = config(realServer(21, 1), realServer(22, 2));
export const SECOND_TAKEN_OUT = config(realServer(21, 1), realServer(22, 2, false));

/** A world with one web server, and a service in its table that is somebody else's. */
export async function openWorld(t: Tap): Promise<World> {
  const world = new World();
  t.teardown(() => world.close());
  world.run("ipvsadm", ...(FOREIGN[0].split(" ") as [string]));
  world.run("ipvsadm", ...(FOREIGN[1].split(" ") as [string]));
  await world.startWebServer("198.51.100.21", 80);
  return world;
}
type Tap = { teardown(end: () => Promise<void>): void };
