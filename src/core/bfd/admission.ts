/**
 * Which packets reach a BFD session at all (RFC 5880 §6.8.6, RFC 5881 §5): a packet that fails any check is named by
 * cause and goes no further, as in `core/vrrp/admission.ts`.
 *
 * A packet names its session by our discriminator once its sender has learnt that; before, the sender's address does
 * (RFC 5880 §6.3). Stricter than the RFC, it has to come from the session's neighbour in either case: a session's
 * discriminator is 32 random bits, which is all that a stranger beyond several hops would have to guess.
 */

import type { IpAddress } from "../units/ip-address.ts";
import { BFD_TTL, type BfdDecodeFault, type ControlPacket, decodeControl } from "../wire/bfd.ts";
import type { BfdSession } from "./model.ts";

/** Why a packet was discarded. */
type BfdDiscardCause =
  | BfdDecodeFault
  /** It has travelled farther than its session allows; over one hop, at all. */
  | "ttl"
  /** It names a discriminator that is none of ours. */
  | "your-discriminator"
  /** It names no discriminator of ours, and yet its sender is in Init or Up. */
  | "state"
  /** It comes from no neighbour of ours, or not from the one whose session it names. */
  | "source"
  /** It came in by another interface than its session's. */
  | "interface"
  /** It has an authentication section, and no session of ours uses authentication. */
  | "authentication";

/** How a packet arrived. */
export interface Arrival {
  readonly source: IpAddress;
  readonly ttl: number;
  /** The interface's name; undefined when it is gone. */
  readonly interface: string | undefined;
  /** By the port of RFC 5883. */
  readonly multihop: boolean;
}

/** A session as packets find it. */
export interface Addressee {
  readonly session: BfdSession;
  /** Our discriminator of it. */
  readonly discriminator: number;
}

/** What became of a packet. */
export type BfdAdmission<A extends Addressee> =
  | { readonly type: "admitted"; readonly addressee: A; readonly packet: ControlPacket }
  | {
      readonly type: "discarded";
      readonly cause: BfdDiscardCause;
      /** The session that it was meant for, where that could be told. */
      readonly addressee: A | undefined;
    };

/** Judges the payload of one datagram. */
export function admitControl<A extends Addressee>(
  bytes: Uint8Array,
  arrival: Arrival,
  addressees: readonly A[],
): BfdAdmission<A> {
  const near = addressees.filter(({ session }) => session.multihop === arrival.multihop);
  const neighbors = near.filter(({ session }) => session.neighbor === arrival.source);
  const byAddress = neighbors.find(({ session }) => suits(session, arrival)) ?? neighbors[0];
  const discard = (cause: BfdDiscardCause, addressee = byAddress): BfdAdmission<A> => ({
    type: "discarded",
    cause,
    addressee,
  });

  if (!arrival.multihop && arrival.ttl !== BFD_TTL) return discard("ttl");
  const decoded = decodeControl(bytes);
  if (!decoded.ok) return discard(decoded.fault);
  const { packet } = decoded;
  const { yourDiscriminator: named } = packet;
  const addressee = named === 0 ? byAddress : near.find(({ discriminator }) => discriminator === named);
  if (named !== 0 && addressee === undefined) return discard("your-discriminator");
  if (named === 0 && packet.state !== "down" && packet.state !== "admin-down") return discard("state");
  if (addressee === undefined) return discard("source");
  if (packet.authenticated) return discard("authentication", addressee);
  if (arrival.source !== addressee.session.neighbor) return discard("source", addressee);
  if (!suits(addressee.session, arrival)) return discard("interface", addressee);
  if (arrival.ttl < addressee.session.minTtl) return discard("ttl", addressee);
  return { type: "admitted", addressee, packet };
}

function suits({ interface: device }: BfdSession, arrival: Arrival): boolean {
  return device === undefined || device === arrival.interface;
}
