/**
 * A handover leaves no gap. When a master lets go because the other one has its addresses, the other one has them. And a
 * director that stops, with a peer that lives, can serve and is heard, hands over: from the request to stop on, there is no
 * instant at which nobody holds what it held, and when it has gone the clients send to the peer; but where announcements are
 * paced (vrrp_garp_interval), which may take any time.
 */

import type { HeartbeatConfig } from "../../../src/core/heartbeat/model.ts";
import { after, type Instant, milliseconds } from "../../../src/core/units/time.ts";
import type { VirtualAddress, VirtualRouter } from "../../../src/core/vrrp/model.ts";
import { macText } from "../client.ts";
import type { Machine } from "../machine.ts";
import type { Rule } from "../rule.ts";
import type { World } from "../world.ts";

/** A farewell that is to leave no gap. */
interface Farewell {
  readonly to: Machine;
  readonly addresses: readonly VirtualAddress[];
  readonly since: Instant;
}

/** So long a handover may be under way. */
const AT_MOST = milliseconds(50);

export const handedOver: Rule = {
  name: "handed-over",
  watch(world, complain) {
    const farewells = new Map<Machine, Farewell>();
    /** Told to stop while it takes, it lets go of what it has just got, and says so: the giver takes it again. */
    const stopping = new Set<Machine>();
    /** When a master last could not serve any more: a moment later it has what it said that it had taken no more. */
    const failedAt = new Map<string, Instant>();
    return {
      stepped(machine, { working: { router, state }, before }) {
        if (before.name === "master" && state.name === "fault")
          failedAt.set(`${machine.name} ${router.name}`, world.now);
      },
      published(machine, router, { from, to, cause }) {
        if (from !== "master" || to !== "backup" || cause !== "handover") return;
        const peer = other(world, machine);
        if (peer === undefined || stopping.has(peer) || isDisturbed(world, peer, world.now - AT_MOST)) return;
        // A giver that stood still hears the answer late, when the other one may have given way to it again.
        if (world.troubled(machine) > world.now - AT_MOST) return;
        const failed = failedAt.get(`${peer.name} ${router.name}`);
        if (failed !== undefined && world.now <= after(failed, AT_MOST)) return;
        const theirs = world.routers(peer).find(({ name }) => name === router.name)?.addresses ?? [];
        for (const address of router.addresses) {
          const isTheirs = theirs.some((own) => own.address === address.address);
          if (isTheirs && !peer.kernel.holds(address))
            complain(`${machine.name} hands ${address.address} over, and ${peer.name} does not have it`);
        }
      },
      address(_machine, _address, _present, by) {
        if (by === "stranger") farewells.clear();
      },
      life(machine, what) {
        if (what === "stopping") stopping.add(machine);
        else stopping.delete(machine);
        if (what === "stopping") {
          const begun = farewell(world, machine);
          if (begun !== undefined) farewells.set(machine, begun);
        } else if (what === "stopped") {
          const known = farewells.get(machine);
          farewells.delete(machine);
          const lost = known === undefined ? undefined : astray(world, known);
          if (lost !== undefined) complain(`${machine.name} has gone, and ${lost}`);
        } else farewells.clear();
      },
      check() {
        for (const [machine, { to, addresses, since }] of farewells) {
          const areDisturbed = [machine, to].some((one) => isDisturbed(world, one, since));
          if (areDisturbed || isPathDisturbed(world, machine, to, since)) {
            farewells.delete(machine);
            continue;
          }
          for (const address of addresses)
            if (!machine.kernel.holds(address) && !to.kernel.holds(address))
              complain(`${machine.name} stops, and nobody has ${address.address}`);
        }
      },
    };
  },
};

function other(world: World, machine: Machine): Machine | undefined {
  return world.machines.length === 2 ? world.machines.find((candidate) => candidate !== machine) : undefined;
}

/** What is to be handed over; undefined when it need not be. */
function farewell(world: World, machine: Machine): Farewell | undefined {
  const to = other(world, machine);
  const { config } = world.hearsay(machine);
  if (to === undefined || config === undefined) return undefined;
  // Long enough for all that was said to have been heard, and for a handover that was under way to be over.
  const calm = (world.now - 3 * config.interval - 4 * AT_MOST - 4 * world.blueprint.latency) as Instant;
  if (isPathDisturbed(world, machine, to, calm)) return undefined;
  for (const one of [machine, to]) {
    const hearsay = world.hearsay(one);
    if (!hearsay.isHeard(world.now) || hearsay.latest?.stopping === true) return undefined;
    if (isDisturbed(world, one, calm)) return undefined;
  }
  const addresses: VirtualAddress[] = [];
  for (const { router, state } of machine.brain?.working.values() ?? []) {
    if (state.name !== "master") continue;
    const theirs = to.brain?.working.get(router.name);
    if (theirs?.state.name !== "backup" || theirs.router.syncGroup !== router.syncGroup) continue;
    if (!membersOf(machine, router).every((name) => to.brain?.working.get(name)?.state.name === "backup"))
      continue;
    const known = world.hearsay(to).word(router.name)?.state === "master";
    if (!known || world.hearsay(machine).word(router.name)?.state !== "backup") continue;
    for (const address of router.addresses)
      if (theirs.router.addresses.some((own) => own.address === address.address && machine.kernel.holds(own)))
        addresses.push(address);
  }
  return addresses.length === 0 ? undefined : { to, addresses, since: world.now };
}

/** The members of its sync group: one that cannot serve keeps all of them from serving. */
function membersOf(machine: Machine, { name, syncGroup }: VirtualRouter): readonly string[] {
  if (syncGroup === undefined) return [name];
  const all = [...(machine.brain?.working.values() ?? [])].map(({ router }) => router);
  return all.filter((other) => other.syncGroup === syncGroup).map((other) => other.name);
}

/** It is in trouble, or has been since then; or its kernel refuses what a handover takes. */
function isDisturbed(world: World, machine: Machine, since: number): boolean {
  const { refusal, failsToSend } = machine.kernel.mood;
  return refusal !== undefined || failsToSend || world.troubled(machine) > since;
}

/** Something has befallen a heartbeat between them; or what one says cannot count with the other, as they are configured. */
function isPathDisturbed(world: World, one: Machine, two: Machine, since: Instant): boolean {
  const [ours, theirs] = [world.hearsay(one).config, world.hearsay(two).config];
  if (ours === undefined || theirs === undefined) return true;
  if (!isUnderstood(ours, theirs) || !isUnderstood(theirs, ours)) return true;
  return [...ours.paths, ...theirs.paths].some(({ local }) => world.pathInterfered(local) > since);
}

/** The one who is spoken to knows the key that the speaker seals with. */
function isUnderstood({ keys: [used] }: HeartbeatConfig, { keys }: HeartbeatConfig): boolean {
  return keys.some(({ id }) => id === used?.id);
}

/** A client that does not send to the one who has taken over. */
function astray(world: World, { to, addresses, since }: Farewell): string | undefined {
  if ((world.files.get(to)?.announcementPace[4] ?? 0) > 0) return undefined;
  for (const address of addresses) {
    const mac = to.kernel.interfaces.get(address.interface)?.mac;
    for (const client of world.clients[Number(address.interface.slice(3))] ?? []) {
      const known = client.table.get(address.address);
      if (mac === undefined || world.missedAnnouncement(client) > since || known === macText(mac)) continue;
      return `${client.name} sends for ${address.address} to ${known ?? "nobody"}`;
    }
  }
  return undefined;
}
