/**
 * What all paths together say of the peer: whether it lives, where its instances stand, how its configuration and release
 * differ from ours, whether it is about to leave; and how far its silence can be believed.
 *
 * A datagram is a sign of life whenever it counts. What it says is believed only if nothing later was heard on any path:
 * the paths differ in how long they take.
 */

import type { IpAddress } from "../units/ip-address.ts";
import { after, type Duration, type Instant, seconds, START } from "../units/time.ts";
import { type Heartbeat, type InstanceState, releaseTold } from "../wire/heartbeat.ts";
import type { Path } from "./path.ts";

/** After a silence that an advert gave the lie to, the paths have to be steady for so long before one is believed again. */
const SOUND_AFTER = seconds(60);

/** An instance of the peer's. */
interface PeerInstance {
  readonly state: InstanceState;
  /** The effective one. */
  readonly priority: number;
  readonly advertInterval: Duration;
  /** Where its adverts come from; undefined when it has no such address. */
  readonly primary: IpAddress | undefined;
  /** When it entered the state, by our clock. */
  readonly since: Instant;
  /** The number of the datagram that told it last. */
  readonly toldIn: number;
}

/** How the peer's configuration or release differs. */
interface Skew {
  /** The peer's. */
  readonly digest: string;
  readonly software: string;
}

/** Whether the peer's word comes through. */
type Presence =
  /** Never since the start, or since it was told to be another director. */
  | { readonly name: "unheard" }
  | { readonly name: "alive" }
  /** `since` is its last word on any path. */
  | { readonly name: "silent"; readonly since: Instant };

/** What is known of the peer. */
export interface Peer {
  readonly presence: Presence;
  /** By id; empty unless it is alive. */
  readonly instances: ReadonlyMap<number, PeerInstance>;
  /** Which instances it last said to have, and the number of the datagram that first said so. */
  readonly edition: { readonly id: number; readonly since: number } | undefined;
  /** The latest datagram of its boot, on any path. */
  readonly sequence: number;
  readonly stopping: boolean;
  /** The difference last told; undefined while there is none. */
  readonly skew: Skew | undefined;
  /** A silence was given the lie: the next one is not believed. */
  readonly distrusted: boolean;
  /** When a path last fell silent or came back, or a silence was given the lie. */
  readonly steadySince: Instant;
}

/** What has become known. */
export type PeerEffect =
  /** Every path is silent. */
  | {
      readonly type: "peer-silent";
      /** Its last word. */
      readonly since: Instant;
      readonly paths: readonly string[];
      /** It had said that it is leaving. */
      readonly stopping: boolean;
      /** A backup shall take over at once; false when that is not wanted, or this silence is not to be believed. */
      readonly takeover: boolean;
      /** What it said of its instances last, by id. */
      readonly last: ReadonlyMap<number, PeerInstance>;
    }
  /** It is heard for the first time, or again. */
  | { readonly type: "peer-back"; readonly silentSince: Instant | undefined }
  /** It says that it is leaving. */
  | { readonly type: "peer-stopping" }
  /** An instance of the peer's is new or has changed; of what it was before nothing holds. */
  | {
      readonly type: "peer-instance";
      readonly id: number;
      readonly state: InstanceState;
      readonly priority: number;
      readonly advertInterval: Duration;
      readonly primary: IpAddress | undefined;
    }
  /** The peer has no such instance any more. */
  | { readonly type: "peer-instance-gone"; readonly id: number }
  /** It differs in another way than before; undefined: not any more. */
  | { readonly type: "skew"; readonly skew: Skew | undefined }
  /** A silence will be believed again. */
  | { readonly type: "trusted" };

/** A peer, and what has become known of it. */
export interface PeerStep {
  readonly peer: Peer;
  readonly effects: readonly PeerEffect[];
}

/** A peer that was never heard. */
export const UNHEARD_PEER: Peer = {
  presence: { name: "unheard" },
  instances: new Map(),
  edition: undefined,
  sequence: 0,
  stopping: false,
  skew: undefined,
  distrusted: false,
  steadySince: START,
};

/** What we are ourselves, to hold the peer against. */
export interface Own {
  readonly digest: string;
  readonly software: string;
}

/** The same peer in another life: nothing that it has said holds. */
export function reborn(peer: Peer): Peer {
  return { ...UNHEARD_PEER, presence: peer.presence, skew: peer.skew, ...trust(peer) };
}

/** True when a datagram of that number says something later than all before it, or the same as the latest one. */
export function isLatest(peer: Peer, sequence: number): boolean {
  return sequence >= peer.sequence;
}

/** A datagram that counts. */
export function hearPeer(peer: Peer, heartbeat: Heartbeat, now: Instant, own: Own): PeerStep {
  const effects: PeerEffect[] = [];
  if (peer.presence.name !== "alive") {
    const silentSince = peer.presence.name === "silent" ? peer.presence.since : undefined;
    effects.push({ type: "peer-back", silentSince });
  }
  const alive: Peer = { ...peer, presence: { name: "alive" } };
  if (!isLatest(peer, heartbeat.sequence)) return { peer: alive, effects };

  const { edition } = heartbeat.roster;
  const known = peer.edition?.id === edition ? peer.edition : { id: edition, since: heartbeat.sequence };
  const { instances, effects: told } = hearInstances(peer.instances, heartbeat, known.since, now);
  const skew = skewOf(heartbeat, own);
  if (!sameSkew(skew, peer.skew)) effects.push({ type: "skew", skew });
  if (heartbeat.stopping && !peer.stopping) effects.push({ type: "peer-stopping" });
  const { sequence, stopping } = heartbeat;
  return {
    peer: { ...alive, instances, edition: known, sequence, stopping, skew },
    effects: [...effects, ...told],
  };
}

function hearInstances(
  before: Peer["instances"],
  { roster, sequence }: Heartbeat,
  editionSince: number,
  now: Instant,
): Pick<Peer, "instances"> & Pick<PeerStep, "effects"> {
  const effects: PeerEffect[] = [];
  const instances = new Map(before);
  for (const { id, state, priority, advertInterval, primary, age } of roster.entries) {
    const known = instances.get(id);
    const isSame =
      known?.state === state &&
      known.priority === priority &&
      known.advertInterval === advertInterval &&
      known.primary === primary;
    // Counted anew each time, the moment would wander with the time on the way.
    const since = known?.state === state ? known.since : ((now - age) as Instant);
    instances.set(id, { state, priority, advertInterval, primary, since, toldIn: sequence });
    if (!isSame) effects.push({ type: "peer-instance", id, state, priority, advertInterval, primary });
  }
  for (const id of goneFrom(instances, roster.total, editionSince)) {
    instances.delete(id);
    effects.push({ type: "peer-instance-gone", id });
  }
  return { instances, effects };
}

/** Those that the peer has not told of since its list is another one; none before all of that list is known. */
function goneFrom(instances: Peer["instances"], total: number, editionSince: number): readonly number[] {
  if (instances.size <= total) return [];
  const gone = [...instances].filter(([, { toldIn }]) => toldIn < editionSince).map(([id]) => id);
  return instances.size - gone.length < total ? [] : gone;
}

/** A path fell silent or came back; `paths` is all of them. */
export function onPathChange(
  peer: Peer,
  paths: readonly Path[],
  mayTakeOver: boolean,
  now: Instant,
): PeerStep {
  const steady: Peer = { ...peer, steadySince: now };
  if (peer.presence.name !== "alive" || paths.some(({ state }) => state.name === "up"))
    return { peer: steady, effects: [] };
  const since = lastWord(paths, now);
  const { stopping, distrusted } = peer;
  const names = paths.map(({ name }) => name);
  const takeover = mayTakeOver && !distrusted;
  return {
    peer: { ...steady, presence: { name: "silent", since }, instances: new Map(), edition: undefined },
    effects: [{ type: "peer-silent", since, paths: names, stopping, takeover, last: peer.instances }],
  };
}

function lastWord(paths: readonly Path[], now: Instant): Instant {
  const heard = paths.flatMap(({ state }) => (state.name === "silent" ? [state.since] : []));
  return heard.length === 0 ? now : (Math.max(...heard) as Instant);
}

/** There is no path left that it was heard on: whether it lives, this link cannot tell any more. */
export function loseSight(peer: Peer): Peer {
  return { ...peer, presence: { name: "unheard" }, instances: new Map(), edition: undefined };
}

/** An advert of the master was heard although all paths were silent. */
export function contradict(peer: Peer, now: Instant): Peer {
  return { ...peer, distrusted: true, steadySince: now };
}

/** When a distrusted silence will be believed again, if nothing changes. */
export function trustAt({ presence, distrusted, steadySince }: Peer): Instant | undefined {
  return distrusted && presence.name === "alive" ? after(steadySince, SOUND_AFTER) : undefined;
}

/** The time has come, or it has not. */
export function judgeTrust(peer: Peer, now: Instant): PeerStep {
  const deadline = trustAt(peer);
  if (deadline === undefined || now < deadline) return { peer, effects: [] };
  return { peer: { ...peer, distrusted: false }, effects: [{ type: "trusted" }] };
}

function trust({ distrusted, steadySince }: Peer): Pick<Peer, "distrusted" | "steadySince"> {
  return { distrusted, steadySince };
}

function skewOf({ digest, software }: Heartbeat, own: Own): Skew | undefined {
  return digest === own.digest && software === releaseTold(own.software) ? undefined : { digest, software };
}

function sameSkew(one: Skew | undefined, other: Skew | undefined): boolean {
  return one?.digest === other?.digest && one?.software === other?.software;
}
