/**
 * Which real servers an operator means: by address and port, or by address alone, in one virtual server or in all of them.
 */

import { type IpAddress, parseIpAddress } from "../units/ip-address.ts";
import { type RealServer, realServerName, type VirtualServer } from "./model.ts";

/** Real servers, as an operator names them. */
export interface RealServerTarget {
  /** A virtual server's name, such as `tcp 192.0.2.100:80`; undefined for all. */
  readonly virtual: string | undefined;
  readonly address: IpAddress;
  /** 0..65535; undefined for whatever is on that address. */
  readonly port: number | undefined;
}

/** Highest number of a port. */
const PORT_MAX = 65_535;

/**
 * The real servers that a word names, such as `198.51.100.21:80`, `198.51.100.21`, `[2001:db8::21]:80`, `2001:db8::21`;
 * undefined when it names none. `2001:db8::21:80` is an address.
 */
export function parseTarget(word: string, virtual?: string): RealServerTarget | undefined {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(word) ?? [];
  const text = bracketed ?? plain ?? word;
  const address = parseIpAddress(text);
  if (address === undefined || (bracketed !== undefined && !address.includes(":"))) return undefined;
  const port = portText === undefined ? undefined : Number(portText);
  return port !== undefined && port > PORT_MAX ? undefined : { virtual, address, port };
}

/** What an operator would have typed: `198.51.100.21:80`, `198.51.100.21`. */
export function targetName({ address, port }: RealServerTarget): string {
  return realServerName({ address, port });
}

/** What is the same for targets that mean the same. */
export function targetKey(target: RealServerTarget): string {
  return `${target.virtual ?? "*"} ${targetName(target)}`;
}

/**
 * True when a real server is meant. One without a port of its own, which takes the port of each service, is meant by its
 * address only.
 */
export function isMeant(
  target: RealServerTarget,
  virtual: Pick<VirtualServer, "name">,
  real: Pick<RealServer, "address" | "port">,
): boolean {
  return (
    (target.virtual === undefined || target.virtual === virtual.name) &&
    target.address === real.address &&
    (target.port === undefined || target.port === real.port)
  );
}
