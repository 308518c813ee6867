/**
 * The question to a gateway, as bytes, and what counts as its answer: only one from the address that was asked, to the one
 * that asked, with what this very question carried, where there is room for that.
 */

import type { Ipv4 } from "../units/ipv4.ts";
import type { Ipv6 } from "../units/ipv6.ts";
import type { Mac } from "../units/mac.ts";
import { ARP_REPLY, decodeArp, encodeArpRequest } from "../wire/arp.ts";
import { decodeEchoReply, encodeEchoRequest } from "../wire/icmp.ts";
import { encodeIp } from "../wire/ip-packet.ts";
import { decodeNeighbourAdvertisement, encodeNeighbourSolicitation, solicitedNode } from "../wire/ndp.ts";
import type { IpAddress } from "../units/ip-address.ts";
import type { Inquiry } from "./gateway.ts";

/** What an echo carries, so that no other question's answer, and no guess, is taken for its own. */
export interface EchoToken {
  /** 0..65535 */
  readonly identifier: number;
  /** 0..65535 */
  readonly sequence: number;
  /** Random. */
  readonly cookie: Uint8Array;
}

/** RFC 4861 §7.1: neither question nor answer may have crossed a router. */
const LINK_ONLY = 255;
const HOPS = 64;

/** A question, and where it goes: by ARP a whole frame, to everybody; else an IP packet. */
export interface Question {
  readonly bytes: Uint8Array;
  readonly destination: IpAddress;
}

/** What to send. */
export function questionOf({ method, target, source, mac }: Inquiry, token: EchoToken): Question {
  switch (method) {
    case "arp":
      return { bytes: encodeArpRequest(target as Ipv4, source as Ipv4, mac as Mac), destination: target };
    case "ndp": {
      const destination = solicitedNode(target as Ipv6);
      const message = encodeNeighbourSolicitation(target as Ipv6, source as Ipv6, mac as Mac);
      return { bytes: encodeIp({ source, destination, ttl: LINK_ONLY, ...message }), destination };
    }
    case "icmp":
      return {
        bytes: encodeIp({
          source,
          destination: target,
          ttl: HOPS,
          ...encodeEchoRequest(source, target, token),
        }),
        destination: target,
      };
  }
}

/** True when what has arrived on the interface answers that question. */
export function isAnswer(
  bytes: Uint8Array,
  { method, target, source, mac }: Inquiry,
  token: EchoToken,
): boolean {
  switch (method) {
    case "arp": {
      const arp = decodeArp(bytes);
      return (
        arp?.operation === ARP_REPLY &&
        arp.sender === target &&
        arp.target === source &&
        arp.targetMac.every((byte, index) => byte === mac?.[index])
      );
    }
    case "ndp": {
      const answer = decodeNeighbourAdvertisement(bytes);
      return (
        answer !== undefined &&
        answer.hopLimit === LINK_ONLY &&
        answer.solicited &&
        answer.target === target &&
        answer.destination === source
      );
    }
    case "icmp": {
      const reply = decodeEchoReply(bytes);
      return (
        reply !== undefined &&
        reply.source === target &&
        reply.destination === source &&
        reply.identifier === token.identifier &&
        reply.sequence === token.sequence &&
        reply.data.length === token.cookie.length &&
        token.cookie.every((byte, index) => byte === reply.data[index])
      );
    }
  }
}
