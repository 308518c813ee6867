/** Heartbeats off the wire, and such as look like them. */

import { join } from "node:path";
import { type Host, type InterfaceName, type Lan, run, until } from "./namespace.ts";

/** Heartbeats of a director, as they went over a network. */
export async function recorded(
  lan: Lan,
  at: Host,
  on: InterfaceName,
  from: string,
  count = 1,
): Promise<Uint8Array[]> {
  const file = join(lan.directory, `heartbeats-${on}-${count}-${performance.now()}.pcap`);
  const options = ["-Z", "root", "-i", on, "-c", `${count}`, "-w", file];
  const tcpdump = at.spawn("tcpdump", ...options, `src ${from} and udp port 539`);
  await until("tcpdump has one", () => tcpdump.exitCode !== null);
  const text = run("tshark", "-n", "-r", file, "-T", "fields", "-e", "udp.payload");
  return text
    .trim()
    .split("\n")
    .map((hex) => new Uint8Array(Buffer.from(hex.replaceAll(":", ""), "hex")));
}

/** In an IPv4 packet on that network, with UDP's ports 539 and no checksum of UDP's. */
export function heartbeatPacket(
  on: InterfaceName,
  from: number,
  to: number,
  payload: Uint8Array,
): Uint8Array {
  const network = on === "eth0" ? [192, 0, 2] : [198, 51, 100];
  const length = 8 + payload.length;
  const all = 20 + length;
  const header = [0x45, 0, all >> 8, all & 255, 0, 0, 0, 0, 64, 17, 0, 0, ...network, from, ...network, to];
  return Uint8Array.of(...header, 2, 27, 2, 27, length >> 8, length & 255, 0, 0, ...payload);
}
