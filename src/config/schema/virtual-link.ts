/**
 * `use_vmac`, `use_ipvlan` and what belongs to them.
 */

import { z } from "zod";
import type { IpAddress } from "../../core/units/ip-address.ts";
import { parseMac } from "../../core/units/mac.ts";
import type { IpvlanMode } from "../../core/vrrp/virtual-link.ts";
import { quote } from "../diagnostic.ts";
import { cidr } from "./address.ts";
import { choice, interfaceName, ownName, type Reading, refuse, textLeaf, toggle } from "./leaf.ts";

/** An interface's own address: the same on every director, or one for each. */
export type LinkAddress = { readonly address: IpAddress; readonly prefixLength: number };

/** An entry of `use_vmac` as the file has it. */
export interface VmacEntry {
  readonly name?: string | undefined;
  /** Five bytes, to which the virtual router id is the sixth, or all six. */
  readonly mac?: Uint8Array | undefined;
}

/** An entry of `use_ipvlan` as the file has it. */
export interface IpvlanEntry {
  readonly name?: string | undefined;
  readonly address?: LinkAddress | Map<string, LinkAddress> | undefined;
  readonly mode?: IpvlanMode | undefined;
}

/** `true`, an interface's name, or a map. */
export function useVmac(): z.ZodType<boolean | string | VmacEntry> {
  const map = z.strictObject({ name: interfaceName().optional(), mac: macAddress().optional() });
  return z.union([toggle(), interfaceName(), map]) as z.ZodType<boolean | string | VmacEntry>;
}

/** `true`, an interface's name, or a map. */
export function useIpvlan(): z.ZodType<boolean | string | IpvlanEntry> {
  const map = z.strictObject({
    name: interfaceName().optional(),
    address: z.union([cidr(), z.map(ownName(), cidr())]).optional(),
    mode: choice<IpvlanMode>({ bridge: "bridge", private: "private", vepa: "vepa" }).optional(),
  });
  return z.union([toggle(), interfaceName(), map]) as z.ZodType<boolean | string | IpvlanEntry>;
}

/** What the names of such interfaces start with; `6.255` has to fit behind it. */
const PREFIX_MAX = 10;

/** `vmac_prefix`. */
export function vmacPrefix(): z.ZodType<string> {
  return textLeaf("the start of an interface's name", (text) =>
    interfaceName().safeParse(text).success && Buffer.byteLength(text) <= PREFIX_MAX
      ? { value: text }
      : refuse(
          "bad-name",
          `${quote(text)} cannot start an interface's name: use 1 to ${PREFIX_MAX} bytes without space, / and :`,
        ),
  );
}

function macAddress(): z.ZodType<Uint8Array> {
  return textLeaf("a hardware address, such as 02:00:00:00:00:33", readMac);
}

function readMac(text: string): Reading<Uint8Array> {
  const five = parseMac(`${text}:00`);
  const bytes = parseMac(text) ?? five?.subarray(0, 5);
  if (bytes === undefined)
    return refuse("bad-address", `${quote(text)} is no hardware address, such as 02:00:00:00:00:33`);
  if (((bytes[0] ?? 0) & 1) === 1)
    return refuse("bad-address", `${text} is a group's hardware address: the first byte has to be even`);
  if (bytes.every((byte) => byte === 0))
    return refuse("bad-address", `${text} is no interface's hardware address`);
  return { value: bytes };
}
