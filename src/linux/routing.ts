/**
 * Routes and policy rules, by rtnetlink. What is ours carries our protocol number; a request to delete names it, so that
 * nobody else's route or rule is ever hit. What the kernel tells unasked is heard elsewhere (`routing-monitor.ts`).
 */

import { ROUTE_PROTOCOL, type Route, type RoutingEntry } from "../core/routing/model.ts";
import type { RoutingOperation } from "../core/routing/plan.ts";
import { routingText } from "../core/routing/text.ts";
import type { Family } from "../core/units/ip-address.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../core/wire/netlink-message.ts";
import {
  decodeRoute,
  decodeRule,
  encodeRoute,
  encodeRouteId,
  encodeRouteQuery,
  encodeRule,
  encodeRuleQuery,
  type Made,
  type NameOf,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_GETROUTE,
  RTM_GETRULE,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from "../core/wire/routing.ts";
import { KernelError } from "./kernel-error.ts";
import { NETLINK_ROUTE } from "./libc.ts";
import { NetlinkSocket, type NetlinkRequest } from "./netlink-socket.ts";

/** The names and numbers of the interfaces, as they are now. */
export interface InterfaceNames {
  indexOf(name: string): number | undefined;
  nameOf: NameOf;
}

const FAMILIES: readonly Family[] = [4, 6];
/** What a kernel without IPv6 says to a question about it. */
const NO_SUCH_FAMILY = ["EAFNOSUPPORT", "EOPNOTSUPP", "EPROTONOSUPPORT"];

/** The way to the kernel's routes and rules. */
export class Routing {
  readonly #changes = new NetlinkSocket(NETLINK_ROUTE);
  readonly #dumps = new NetlinkSocket(NETLINK_ROUTE);
  readonly #names: InterfaceNames;
  #lastDump: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Throws a KernelError. */
  constructor(names: InterfaceNames) {
    this.#names = names;
  }

  /**
   * Carries out one operation; it is done when the call returns. Throws a KernelError: EEXIST where a route of that
   * destination, table and metric is there already, ESRCH where there is none to remove.
   */
  apply({ type, entry }: RoutingOperation): void {
    const operation = `${type} ${entry.kind} ${routingText(entry)}`;
    this.#changes.request(operation, this.#requestOf(type, entry, operation));
  }

  /** All routes and rules with our number on them. Throws a KernelError. */
  async ours(): Promise<readonly RoutingEntry[]> {
    const found: RoutingEntry[] = [];
    for (const family of FAMILIES) {
      const routes = await this.#routes(family, ROUTE_PROTOCOL, 0);
      const rules = await this.#dump("list the rules", {
        type: RTM_GETRULE,
        flags: 0,
        data: encodeRuleQuery(family),
        decode: decodeRule,
      });
      const isOurs = ({ protocol }: Made<RoutingEntry>): boolean => protocol === ROUTE_PROTOCOL;
      found.push(...[...routes, ...rules].filter(isOurs).map(({ entry }) => entry));
    }
    return found;
  }

  /** All routes of a family in a table. Throws a KernelError. */
  async table(family: Family, table: number): Promise<readonly Route[]> {
    const routes = await this.#routes(family, 0, table);
    return routes.map(({ entry }) => entry).filter((route) => route.table === table);
  }

  /** Lists that are still asked for are empty. */
  close(): void {
    this.#closed = true;
    this.#changes.close();
    // A dump that is under way reads on; it is not closed under its hands.
    void this.#lastDump.then(() => this.#dumps.close());
  }

  #requestOf(type: RoutingOperation["type"], entry: RoutingEntry, operation: string): NetlinkRequest {
    const made = { entry, protocol: ROUTE_PROTOCOL };
    const indexOf = (name: string): number => {
      const index = this.#names.indexOf(name);
      if (index === undefined) throw new KernelError(operation, "ENODEV");
      return index;
    };
    const flags = NLM_F_CREATE | (type === "replace" ? NLM_F_REPLACE : NLM_F_EXCL);
    if (entry.kind === "rule") {
      const data = encodeRule({ ...made, entry });
      return type === "remove" ? { type: RTM_DELRULE, flags: 0, data } : { type: RTM_NEWRULE, flags, data };
    }
    if (type === "remove") return { type: RTM_DELROUTE, flags: 0, data: encodeRouteId({ ...made, entry }) };
    return { type: RTM_NEWROUTE, flags, data: encodeRoute({ ...made, entry }, indexOf) };
  }

  #routes(family: Family, protocol: number, table: number): Promise<readonly Made<Route>[]> {
    return this.#dump("list the routes", {
      type: RTM_GETROUTE,
      flags: 0,
      data: encodeRouteQuery(family, protocol, table),
      decode: (bytes) => decodeRoute(bytes, this.#names.nameOf),
    });
  }

  #dump<Entry>(
    operation: string,
    { decode, ...request }: NetlinkRequest & { decode: (bytes: Uint8Array) => Made<Entry> | undefined },
  ): Promise<readonly Made<Entry>[]> {
    const dump = this.#lastDump.then(async () => {
      if (this.#closed) return [];
      try {
        return await this.#dumps.dump(operation, request, ({ data }) => decode(data));
      } catch (error) {
        // A table that nothing is in may not be there at all.
        if (error instanceof KernelError && [...NO_SUCH_FAMILY, "ENOENT"].includes(error.errno)) return [];
        throw error;
      }
    });
    this.#lastDump = dump.catch(() => undefined);
    return dump;
  }
}
