/**
 * What is on a wire, as tcpdump sees it and tshark explains it: a witness that shares no code with us.
 */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { type Host, type InterfaceName, type Lan, run, until } from "./namespace.ts";

/** A VRRP or ARP packet, or a neighbour advertisement, in tshark's words. */
export interface Seen {
  /** Seconds since the epoch, as the kernel took them. */
  readonly time: number;
  readonly from: string;
  readonly to: string;
  /** Time to live, or hop limit. */
  readonly ttl: number;
  /** The source's hardware address. */
  readonly mac: string;
  /** `advert`; ARP's `request` or `reply`; `neighbour`, a neighbour advertisement. */
  readonly kind: "advert" | "request" | "reply" | "neighbour" | "other";
  /** VRRP: version, VRID, priority, interval (seconds or centiseconds), addresses. */
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly interval: number;
  readonly addresses: readonly string[];
  /** VRRP version 2: type of authentication. */
  readonly authentication: string;
  /** VRRP and neighbour advertisements: tshark's word on the checksum, 1 is good. */
  readonly checksum: string;
  /** ARP and neighbour advertisements: the announced address. */
  readonly announced: string;
  /** Neighbour advertisements: the flags that are set, of R, S and O; and the link-layer address. */
  readonly flags: string;
  readonly announcedMac: string;
  /** ARP: tshark finds it gratuitous. */
  readonly gratuitous: boolean;
  /** Whatever tshark has to complain of. */
  readonly complaint: string;
}

const FIELDS = [
  "frame.time_epoch",
  "eth.src",
  "ip.src",
  "ipv6.src",
  "ip.dst",
  "ipv6.dst",
  "ip.ttl",
  "ipv6.hlim",
  "vrrp.version",
  "vrrp.virt_rtr_id",
  "vrrp.prio",
  "vrrp.adver_int",
  "vrrp.short_adver_int",
  "vrrp.ip_addr",
  "vrrp.ipv6_addr",
  "vrrp.auth_type",
  "vrrp.checksum.status",
  "arp.opcode",
  "arp.src.proto_ipv4",
  "arp.isgratuitous",
  "icmpv6.type",
  "icmpv6.checksum.status",
  "icmpv6.nd.na.target_address",
  "icmpv6.nd.na.flag.r",
  "icmpv6.nd.na.flag.s",
  "icmpv6.nd.na.flag.o",
  "icmpv6.opt.linkaddr",
  "_ws.expert.message",
  "_ws.malformed",
];

let taken = 0;

/** A running capture of VRRP and ARP, or of what a filter of tcpdump's lets through. */
export class Capture {
  readonly #file: string;
  readonly #tcpdump: ChildProcess;
  #ready = false;

  constructor(
    lan: Lan,
    host: Host,
    interfaceName: InterfaceName = "eth0",
    filter: string = "arp or ip proto 112",
  ) {
    this.#file = join(lan.directory, `capture-${(taken += 1)}.pcap`);
    const options = ["-Z", "root", "-n", "-U", "--immediate-mode", "-B", "16384", "-w", this.#file];
    this.#tcpdump = host.spawn("tcpdump", "-i", interfaceName, ...options, filter);
    this.#tcpdump.stderr?.on("data", () => {
      this.#ready = true;
    });
  }

  /** Resolves once every packet from now on will be seen. */
  async ready(): Promise<this> {
    await until("tcpdump listens", () => this.#ready);
    return this;
  }

  /** Ends it; all that it saw. `v3ChecksumAsV2` says how a version 3 checksum is to be judged. */
  async seen(v3ChecksumAsV2 = true): Promise<readonly Seen[]> {
    this.#tcpdump.kill("SIGINT");
    await until(
      "tcpdump has ended",
      () => this.#tcpdump.exitCode !== null || this.#tcpdump.signalCode !== null,
    );
    const preference = `vrrp.v3_checksum_as_in_v2:${v3ChecksumAsV2 ? "TRUE" : "FALSE"}`;
    const columns = FIELDS.flatMap((field) => ["-e", field]);
    const text = run("tshark", "-n", "-r", this.#file, "-o", preference, "-T", "fields", ...columns);
    return text.split("\n").filter(Boolean).map(seen);
  }
}

const KINDS: Readonly<Record<string, Seen["kind"]>> = { 1: "request", 2: "reply" };

function seen(line: string): Seen {
  const columns = line.split("\t");
  const column = (name: string) => columns[FIELDS.indexOf(name)] ?? "";
  return {
    time: Number(column("frame.time_epoch")),
    from: column("ip.src") || column("ipv6.src"),
    to: column("ip.dst") || column("ipv6.dst"),
    ttl: Number(column("ip.ttl") || column("ipv6.hlim")),
    mac: column("eth.src"),
    kind: kindOf(column),
    version: Number(column("vrrp.version")),
    vrid: Number(column("vrrp.virt_rtr_id")),
    priority: Number(column("vrrp.prio")),
    interval: Number(column("vrrp.adver_int") || column("vrrp.short_adver_int")),
    addresses: (column("vrrp.ip_addr") || column("vrrp.ipv6_addr")).split(",").filter(Boolean),
    authentication: column("vrrp.auth_type"),
    checksum: column("vrrp.checksum.status") || column("icmpv6.checksum.status"),
    announced: column("arp.src.proto_ipv4") || column("icmpv6.nd.na.target_address"),
    flags: ["r", "s", "o"].filter((flag) => isSet(column(`icmpv6.nd.na.flag.${flag}`))).join(""),
    announcedMac: column("icmpv6.opt.linkaddr"),
    gratuitous: isSet(column("arp.isgratuitous")),
    complaint: column("_ws.expert.message") + column("_ws.malformed"),
  };
}

/** The neighbour advertisement's ICMPv6 type (RFC 4861 §4.4). */
const NEIGHBOUR_ADVERTISEMENT = "136";

function kindOf(column: (name: string) => string): Seen["kind"] {
  if (column("vrrp.version") !== "") return "advert";
  if (column("icmpv6.type") === NEIGHBOUR_ADVERTISEMENT) return "neighbour";
  return KINDS[column("arp.opcode")] ?? "other";
}

function isSet(flag: string): boolean {
  return flag === "1" || flag === "True";
}
