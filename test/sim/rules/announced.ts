/**
 * Claimed means announced: each VIP at once, again `garp_master_delay` after the claim, and each `garp_master_refresh`
 * from then on, for as long as the director is master; and nobody announces what its kernel does not hold. While it hands
 * over, for 50 ms at the most, it is the other one who announces.
 */

import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { after, type Duration, type Instant } from "../../../src/core/units/time.ts";
import type { VirtualAddress, VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import type { World } from "../world.ts";

const HANDOVER = 50_000;

interface Claim {
  readonly address: VirtualAddress;
  readonly router: string;
  /** Announcements that are due by then, at least so many. */
  firstBy: Instant | undefined;
  missing: number;
  /** The second burst: not before, and by then plus the reaction. */
  secondAt: Instant | undefined;
  lastAt: Instant;
}

export const announced: Rule = {
  name: "announced",
  watch(world, complain) {
    const claims = new Map<Machine, Map<IpAddress, Claim>>();
    /** When the second burst of the last decision is due: by the configuration of then, not by a later one. */
    const secondBursts = new Map<Machine, Map<string, Instant | undefined>>();

    return {
      stepped(machine, { working, before, effects }) {
        if (working.state.name !== "master") return;
        // What follows a contention comes besides, in a rhythm of its own (garp_lower_prio_delay).
        if (before.name === "master" && !effects.some(({ type }) => type === "add-addresses")) return;
        const { name, announcing } = working.router;
        const secondAt = announcing.delay === 0 ? undefined : after(world.now, announcing.delay);
        let own = secondBursts.get(machine);
        if (own === undefined) secondBursts.set(machine, (own = new Map()));
        own.set(name, secondAt);
        for (const claim of claims.get(machine)?.values() ?? [])
          if (claim.router === name) claim.secondAt = secondAt;
      },
      claimed(machine, address, router) {
        let own = claims.get(machine);
        if (own === undefined) claims.set(machine, (own = new Map()));
        own.set(address.address, {
          address,
          router: router.name,
          firstBy: after(world.now, slack(world, machine)),
          missing: router.announcing.repeat,
          secondAt: secondBursts.get(machine)?.get(router.name),
          lastAt: world.now,
        });
      },
      announced(machine, address) {
        const excusedUntil = Math.max(
          world.troubled(machine) + world.reaction,
          world.leftAloneUntil(machine, address.address),
        );
        const isDown = machine.kernel.interfaces.get(address.interface)?.up === false;
        if (!machine.kernel.holds(address) && world.now > excusedUntil && !isDown)
          complain(`${machine.name} announces ${address.address} and does not hold it`);
        const claim = claims.get(machine)?.get(address.address);
        if (claim === undefined) return;
        claim.lastAt = world.now;
        claim.missing -= 1;
        if (claim.missing <= 0) claim.firstBy = undefined;
        if (claim.secondAt !== undefined && world.now >= claim.secondAt) claim.secondAt = undefined;
      },
      life(machine, what) {
        if (what === "killed" || what === "power lost" || what === "stopped") claims.delete(machine);
      },
      check() {
        for (const [machine, own] of claims) {
          if (!machine.awake) continue;
          for (const [key, claim] of own) {
            const working = machine.brain?.working.get(claim.router);
            const isOurs = working?.router.addresses.some(({ address }) => address === claim.address.address);
            if (working === undefined || working.state.name !== "master" || isOurs !== true) {
              own.delete(key);
              continue;
            }
            const missed = overdue(
              claim,
              working.router,
              world.now,
              Math.max(world.troubled(machine), world.handedOverAt(machine) + HANDOVER) as Instant,
              slack(world, machine),
            );
            if (missed !== undefined) complain(`${machine.name} ${missed} ${claim.address.address}`);
          }
        }
      },
    };
  },
};

/** How long an announcement may take: the reaction, and its turn behind all others (vrrp_garp_interval). */
function slack(world: World, machine: Machine): Duration {
  const pace = world.files.get(machine)?.announcementPace[4] ?? 0;
  const bursts = world
    .routers(machine)
    .map(({ addresses, announcing }) => addresses.length * announcing.repeat);
  return (world.reaction + 4 * pace * bursts.reduce((sum, burst) => sum + burst, 0)) as Duration;
}

function overdue(
  { firstBy, secondAt, lastAt }: Claim,
  { announcing }: VirtualRouter,
  now: Instant,
  troubled: Instant,
  reaction: Duration,
): string | undefined {
  if (now <= after(troubled, reaction)) return undefined;
  if (firstBy !== undefined && now > firstBy) return "has not announced";
  if (secondAt !== undefined && now > after(secondAt, reaction)) return "has not announced a second time";
  const last = Math.max(lastAt, troubled);
  if (announcing.refresh > 0 && now > last + announcing.refresh + reaction) return "has not refreshed";
  return undefined;
}
