/**
 * What is on a wire, as tcpdump sees it and tshark explains it: a witness that shares no code with us.
 */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { type Host, type InterfaceName, type Lan, run, until } from "./namespace.ts";

/** A VRRP or ARP packet in tshark's words. */
export interface Seen {
  /** Seconds since the epoch, as the kernel took them. */
  readonly time: number;
  readonly from: string;
  /** The source's hardware address. */
  readonly mac: string;
  /** `advert`, `request` or `reply`. */
  readonly kind: "advert" | "request" | "reply" | "other";
  /** VRRP: version, VRID, priority, interval (seconds or centiseconds), addresses. */
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly interval: number;
  readonly addresses: readonly string[];
  /** VRRP version 2: type of authentication. */
  readonly authentication: string;
  /** VRRP: tshark's word on the checksum, 1 is good. */
  readonly checksum: string;
  /** ARP: the announced address. */
  readonly announced: string;
  /** ARP: tshark finds it gratuitous. */
  readonly gratuitous: boolean;
  /** Whatever tshark has to complain of. */
  readonly complaint: string;
}

const FIELDS = [
  "frame.time_epoch",
  "eth.src",
  "ip.src",
  "vrrp.version",
  "vrrp.virt_rtr_id",
  "vrrp.prio",
  "vrrp.adver_int",
  "vrrp.short_adver_int",
  "vrrp.ip_addr",
  "vrrp.auth_type",
  "vrrp.checksum.status",
  "arp.opcode",
  "arp.src.proto_ipv4",
  "arp.isgratuitous",
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
    from: column("ip.src"),
    mac: column("eth.src"),
    kind: column("vrrp.version") === "" ? (KINDS[column("arp.opcode")] ?? "other") : "advert",
    version: Number(column("vrrp.version")),
    vrid: Number(column("vrrp.virt_rtr_id")),
    priority: Number(column("vrrp.prio")),
    interval: Number(column("vrrp.adver_int") || column("vrrp.short_adver_int")),
    addresses: column("vrrp.ip_addr").split(",").filter(Boolean),
    authentication: column("vrrp.auth_type"),
    checksum: column("vrrp.checksum.status"),
    announced: column("arp.src.proto_ipv4"),
    gratuitous: column("arp.isgratuitous") === "1" || column("arp.isgratuitous") === "True",
    complaint: column("_ws.expert.message") + column("_ws.malformed"),
  };
}
