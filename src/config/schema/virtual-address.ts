/**
 * One entry of `virtual_ipaddress`: an address and how it is added, as a map or as a line in keepalived's way.
 */

import { z } from "zod";
import { type Ipv4, parseIpv4 } from "../../core/units/ipv4.ts";
import { quote } from "../diagnostic.ts";
import { type Cidr, cidr, readCidr } from "./address.ts";
import { interfaceName, leaf, type Reading, refuse, textLeaf, toggle } from "./leaf.ts";

/** A virtual address as the file has it; without `dev` it goes to the instance's interface. */
export interface VirtualAddressEntry {
  readonly address: Cidr;
  readonly dev?: string | undefined;
  /** The other end of a point-to-point link. */
  readonly peer?: Cidr | undefined;
  readonly label?: string | undefined;
  /** 0..255 */
  readonly scope?: number | undefined;
  /** `+`: all ones behind the prefix; `-`: all zeros. */
  readonly brd?: Ipv4 | "+" | "-" | undefined;
  readonly noprefixroute?: boolean | undefined;
  readonly preferred_lft?: "0" | "forever" | undefined;
}

/** One of `static_ipaddress`. */
export type StaticAddressEntry = VirtualAddressEntry & { readonly dev: string };

/** linux/rtnetlink.h, in the words of ip-address(8). */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

const OPTIONS = {
  dev: interfaceName().optional(),
  peer: textLeaf<Cidr>("the other end's address, such as 198.51.100.2/32", readCidr).optional(),
  label: label().optional(),
  scope: scope().optional(),
  brd: textLeaf("a broadcast address, such as 192.0.2.255, or + or -", readBroadcast).optional(),
  noprefixroute: toggle().optional(),
  preferred_lft: preferredLifetime().optional(),
};
const NAMES = Object.keys(OPTIONS);

const MAP_SHAPE = z.strictObject({ address: cidr(), ...OPTIONS });
const MAP = MAP_SHAPE as z.ZodType<VirtualAddressEntry>;

const STATIC_MAP = MAP_SHAPE.extend({ dev: interfaceName() }) as z.ZodType<StaticAddressEntry>;

/** `192.0.2.100/24`, the same with options as keepalived has them (`192.0.2.100/24 dev eth1 label eth1:web`), or a map. */
export function virtualAddress(): z.ZodType<VirtualAddressEntry> {
  const line = textLeaf<VirtualAddressEntry>('an address such as "192.0.2.100/24 dev eth0"', readLine);
  return z.union([line, MAP]);
}

/** The same of `static_ipaddress`, which have no instance to take an interface from. */
export function staticAddress(): z.ZodType<StaticAddressEntry> {
  const line = textLeaf<StaticAddressEntry>(
    'an address and its interface, such as "192.0.2.50/24 dev eth0"',
    (text) => {
      const reading = readLine(text);
      if ("refusal" in reading) return reading;
      const { dev, ...rest } = reading.value;
      if (dev !== undefined) return { value: { ...rest, dev } };
      return refuse("missing-key", `${quote(text)} has no interface: add "dev INTERFACE"`);
    },
  );
  return z.union([line, STATIC_MAP]);
}

/** A number, also as text: in a line there is nothing else. */
function scope(): z.ZodType<number> {
  const names = Object.keys(SCOPES);
  return leaf(`one of ${names.join(", ")}, or a number from 0 to 255`, (given) => {
    if (typeof given !== "number" && typeof given !== "string") return undefined;
    const value =
      (Object.hasOwn(SCOPES, given) ? SCOPES[given] : undefined) ??
      (/^\d+$/.test(String(given)) ? Number(given) : undefined);
    if (value !== undefined && value <= 255) return { value };
    return refuse(
      "unknown-value",
      `${quote(String(given))} is none of ${names.join(", ")}, and no number from 0 to 255`,
    );
  });
}

/** The kernel's IFNAMSIZ. */
function label(): z.ZodType<string> {
  return textLeaf("a label such as eth0:web", (value) =>
    /^[!-~]{1,15}$/.test(value)
      ? { value }
      : refuse(
          "bad-name",
          `${quote(value)} is no label: use 1 to 15 letters, digits and signs, without blanks`,
        ),
  );
}

/** The kernel would count it down once; a virtual address is preferred for as long as it is there, or not at all. */
function preferredLifetime(): z.ZodType<"0" | "forever"> {
  return leaf("0 or forever", (value) => {
    if (value === 0 || value === "0") return { value: "0" };
    if (value === "forever") return { value: "forever" };
    return refuse(
      "unknown-value",
      `${quote(String(value))} is neither 0, never chosen for own connections, nor forever: write one of the two`,
    );
  });
}

function readBroadcast(text: string): Reading<Ipv4 | "+" | "-"> {
  if (text === "+" || text === "-") return { value: text };
  const value = parseIpv4(text);
  return value === undefined
    ? refuse(
        "bad-address",
        `${quote(text)} is no broadcast address, such as 192.0.2.255, and neither + nor -`,
      )
    : { value };
}

function readLine(text: string): Reading<VirtualAddressEntry> {
  const [first = "", ...words] = text.trim().split(/\s+/);
  const cidr = readCidr(first);
  if ("refusal" in cidr) return cidr;
  const options: Record<string, unknown> = {};
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!NAMES.includes(word))
      return refuse(
        "bad-address",
        `${quote(text)}: after the address only options can stand: ${NAMES.join(", ")}`,
      );
    if (word in options) return refuse("bad-address", `${quote(text)} has ${word} twice: keep one`);
    if (word !== "noprefixroute" && words.length === 0)
      return refuse("bad-address", `${quote(text)}: ${word} needs a value behind it`);
    options[word] = word === "noprefixroute" ? true : words.shift();
  }
  const read = z.strictObject(OPTIONS).safeParse(options);
  if (read.success) return { value: { address: cidr.value, ...read.data } };
  const [issue] = read.error.issues;
  return refuse("bad-address", `${quote(text)}: ${String(issue?.path[0])}: ${issue?.message}`);
}
