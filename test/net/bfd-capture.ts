/** BFD on a wire, as tcpdump sees it and tshark explains it. */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { type Host, type Lan, run, until } from "./namespace.ts";

/** A BFD packet in tshark's words. */
export interface SeenBfd {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly from: string;
  readonly ttl: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly state: string;
  readonly diagnostic: number;
  readonly poll: boolean;
  readonly final: boolean;
  readonly discriminator: string;
  readonly yourDiscriminator: string;
  /** Microseconds. */
  readonly desiredMinTx: number;
  readonly echo: number;
  /** Whatever tshark has to complain of. */
  readonly complaint: string;
}

const FIELDS = [
  "frame.time_epoch",
  "ip.src",
  "ipv6.src",
  "ip.ttl",
  "ipv6.hlim",
  "udp.srcport",
  "udp.dstport",
  "bfd.sta",
  "bfd.diag",
  "bfd.flags.p",
  "bfd.flags.f",
  "bfd.my_discriminator",
  "bfd.your_discriminator",
  "bfd.desired_min_tx_interval",
  "bfd.required_min_echo_interval",
  "_ws.expert.message",
  "_ws.malformed",
];

const STATES = ["admin-down", "down", "init", "up"];

/** A running capture of BFD on a host's eth0. */
export class BfdCapture {
  readonly #file: string;
  readonly #tcpdump: ChildProcess;
  #ready = false;

  constructor(lan: Lan, host: Host) {
    this.#file = join(lan.directory, "bfd.pcap");
    const options = ["-Z", "root", "-n", "-U", "--immediate-mode", "-w", this.#file];
    const filter = "udp port 3784 or udp port 4784";
    this.#tcpdump = host.spawn("tcpdump", "-i", "eth0", ...options, filter);
    this.#tcpdump.stderr?.on("data", () => {
      this.#ready = true;
    });
  }

  /** Resolves once every packet from now on will be seen. */
  async ready(): Promise<this> {
    await until("tcpdump listens", () => this.#ready);
    return this;
  }

  /** Ends it; all that it saw. */
  async seen(): Promise<readonly SeenBfd[]> {
    this.#tcpdump.kill("SIGINT");
    await until(
      "tcpdump has ended",
      () => this.#tcpdump.exitCode !== null || this.#tcpdump.signalCode !== null,
    );
    const columns = FIELDS.flatMap((field) => ["-e", field]);
    const text = run("tshark", "-n", "-r", this.#file, "-T", "fields", ...columns);
    return text.split("\n").filter(Boolean).map(seen);
  }
}

function seen(line: string): SeenBfd {
  const columns = line.split("\t");
  const column = (name: string) => columns[FIELDS.indexOf(name)] ?? "";
  const isSet = (name: string) => column(name) === "1" || column(name) === "True";
  return {
    time: Number(column("frame.time_epoch")),
    from: column("ip.src") || column("ipv6.src"),
    ttl: Number(column("ip.ttl") || column("ipv6.hlim")),
    sourcePort: Number(column("udp.srcport")),
    destinationPort: Number(column("udp.dstport")),
    state: STATES[Number(column("bfd.sta"))] ?? column("bfd.sta"),
    diagnostic: Number(column("bfd.diag")),
    poll: isSet("bfd.flags.p"),
    final: isSet("bfd.flags.f"),
    discriminator: column("bfd.my_discriminator"),
    yourDiscriminator: column("bfd.your_discriminator"),
    desiredMinTx: Number(column("bfd.desired_min_tx_interval")),
    echo: Number(column("bfd.required_min_echo_interval")),
    complaint: column("_ws.expert.message") + column("_ws.malformed"),
  };
}
