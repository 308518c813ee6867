/**
 * Goal: after `relevo realserver apply` a real server unwraps tunnels with IPv6 outside, inside or both, under a
 * strict filter of sources, and answers past the director; `remove` leaves no trace. Method: as in realserver.test.ts.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { VIP, VIP6 } from "./site.ts";
import { REALS, REALS6, testTunnels } from "./tunnels.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

if (hasIpvs(t, import.meta.url)) {
  testTunnels("with IPv6", [
    ["TUN", 80, REALS6, VIP6],
    ["TUN", 81, REALS, VIP6],
    ["TUN", 82, REALS6, VIP],
    ["TUN type gre", 83, REALS6, VIP6],
  ]);
}
