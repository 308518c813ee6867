/**
 * Goal: after `relevo realserver apply` a real server unwraps each kind of tunnel over IPv4, under a
 * strict filter of sources, and answers past the director; `remove` leaves no trace. Method: as in realserver.test.ts.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { VIP } from "./site.ts";
import { REALS, testTunnels } from "./tunnels.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  testTunnels("over IPv4", [
    ["TUN", 80, REALS, VIP],
    ["TUN type gue port 6080 csum", 81, REALS, VIP],
    ["TUN type gue port 6081 remcsum", 82, REALS, VIP],
    ["TUN type gre csum", 83, REALS, VIP],
  ]);
}
