/** Routes that are tracked: what they are called, and which of the kernel's is one. */

import { MAIN_TABLE, type Route } from "../routing/model.ts";
import { prefixText } from "../routing/text.ts";
import type { TrackedRoute } from "./model.ts";

/** True for a route to that very destination, not for one that only covers it, and by the gateway and interface if asked. */
export function isTrackedRoute(tracked: TrackedRoute, route: Route): boolean {
  return (
    tracked.table === route.table &&
    tracked.type === route.type &&
    sameDestination(tracked, route) &&
    (tracked.type !== "unicast" ||
      route.nexthops.some(
        (nexthop) =>
          (tracked.via === undefined || tracked.via === nexthop.via) &&
          (tracked.interface === undefined || tracked.interface === nexthop.interface),
      ))
  );
}

/** True when a change of that route may be one of the tracked route. */
export function sameDestination(tracked: TrackedRoute, { family, to }: Route): boolean {
  return (
    tracked.family === family &&
    tracked.to.address === to.address &&
    tracked.to.prefixLength === to.prefixLength
  );
}

/** Its name in logs and metrics, in the words of ip-route(8). */
export function trackedRouteText({ to, type, via, interface: on, table }: TrackedRoute): string {
  return [
    type === "unicast" ? "" : type,
    prefixText(to),
    via === undefined ? "" : `via ${via}`,
    on === undefined ? "" : `dev ${on}`,
    table === MAIN_TABLE ? "" : `table ${table}`,
  ]
    .filter(Boolean)
    .join(" ");
}
