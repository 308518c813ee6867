/**
 * How packets reach a real server, in keepalived's words: `NAT`, `DR`, `TUN`, `TUN type gue port 6080 csum`.
 */

import type { z } from "zod";
import type { ForwardingMethod, Route, Tunnel } from "../../core/balance/model.ts";
import { quote } from "../diagnostic.ts";
import { type Reading, refuse, textLeaf } from "./leaf.ts";

const METHODS: Readonly<Record<string, ForwardingMethod>> = { nat: "nat", dr: "dr", tun: "tunnel" };
const PLAIN: Tunnel = { type: "ipip", port: 0, checksum: "nocsum" };

/** `lvs_method` and `sorry_server_lvs_method`. */
export function forwarding(): z.ZodType<Route> {
  return textLeaf("NAT, DR or TUN, such as TUN type gue port 6080", readForwarding);
}

function readForwarding(text: string): Reading<Route> {
  const [first = "", ...words] = text.trim().split(/\s+/);
  const method = /^([A-Z]+|[a-z]+)$/.test(first) ? METHODS[first.toLowerCase()] : undefined;
  if (method === undefined) return refuse("unknown-value", `${quote(first)} is none of NAT, DR, TUN`);
  if (method === "tunnel") return readTunnel(words);
  return words.length === 0
    ? { value: { method, tunnel: undefined } }
    : refuse("unknown-value", `${quote(text)}: only TUN is followed by more words`);
}

function readTunnel(words: readonly string[]): Reading<Route> {
  const left = [...words];
  if (left.length === 0) return { value: { method: "tunnel", tunnel: PLAIN } };
  const type = left.shift() === "type" ? left.shift() : undefined;
  if (type !== "ipip" && type !== "gue" && type !== "gre")
    return refuse("unknown-value", "after TUN write type ipip, type gue port NUMBER, or type gre");
  let port = 0;
  if (type === "gue") {
    port = left.shift() === "port" ? Number(left.shift()) : Number.NaN;
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      return refuse("out-of-range", "type gue wants a UDP port: write type gue port 6080");
  }
  const checksum = left.shift() ?? "nocsum";
  if ((checksum !== "nocsum" && checksum !== "csum" && checksum !== "remcsum") || left.length > 0)
    return refuse("unknown-value", "a tunnel ends with nocsum, csum or remcsum, or none of them");
  if (checksum !== "nocsum" && type === "ipip")
    return refuse("unknown-value", `type ipip has no ${checksum}: only gue and gre have checksums`);
  if (checksum === "remcsum" && type === "gre")
    return refuse("unknown-value", "type gre has no remcsum: only gue has it");
  return { value: { method: "tunnel", tunnel: { type, port, checksum } } };
}
