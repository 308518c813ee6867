/** Keys of persistence that have a form of their own. */

import type { z } from "zod";
import { ipv4Number, parseIpv4 } from "../../core/units/ipv4.ts";
import { quote } from "../diagnostic.ts";
import { wholeSeconds } from "./duration.ts";
import { leaf, refuse } from "./leaf.ts";

/** `persistence_granularity`: clients of a network count as one. */
export interface Granularity {
  /** 1..32, or 1..128 for IPv6 */
  readonly prefixLength: number;
  /** True for a mask such as 255.255.255.0, which only IPv4 has. */
  readonly isMask: boolean;
}

/** `persistence_timeout`; keepalived has six minutes where it stands without a value. */
export function persistenceTimeout(): z.ZodType<number> {
  return wholeSeconds("1s", "744h");
}

/** An IPv4 mask in dotted form, or a prefix's length. */
export function granularity(): z.ZodType<Granularity> {
  return leaf<Granularity>("a mask such as 255.255.255.0, or a prefix's length such as 64", (value) => {
    if (typeof value === "number") {
      if (Number.isInteger(value) && value >= 1 && value <= 128)
        return { value: { prefixLength: value, isMask: false } };
      return refuse("out-of-range", `${value} is no prefix's length: write 1 to 32, or 1 to 128 for IPv6`);
    }
    if (typeof value !== "string") return undefined;
    const mask = parseIpv4(value);
    const number = mask === undefined ? 0 : ipv4Number(mask);
    const prefixLength = Math.clz32(~number);
    if (number !== 0 && number === (0xffffffff << (32 - prefixLength)) >>> 0)
      return { value: { prefixLength, isMask: true } };
    return refuse("bad-address", `${quote(value)} is no mask, such as 255.255.255.0`);
  });
}
