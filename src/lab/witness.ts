/**
 * The witnesses: captures that run for the whole time, and the record of what they saw.
 *
 * Announcements are captured on the segments, where they have to arrive. Addresses and adverts are captured on the
 * directors themselves, by a netlink monitor and on the way out of the interface, since the order of the two is judged:
 * there a frame gets its time from the kernel within the very call that changes the address or sends the advert. A frame
 * that has arrived somewhere gets its time when the receiver's side comes round to it, which may be too late to tell.
 *
 * A netlink monitor is handed only what some listener gets, so a silent `ip monitor` listens along.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Instant } from "../core/units/time.ts";
import { ADVERT_FILTER, advert, announcement, sender } from "./capture/ethernet.ts";
import { ADDRESS_FILTER, addressNotices } from "./capture/netlink.ts";
import { PcapReader } from "./capture/pcap.ts";
import { ip } from "./command.ts";
import type { Network } from "./network.ts";
import type { AddressChange, Deed, Observation } from "./observation.ts";
import {
  DIRECTORS,
  type DirectorName,
  type Machine,
  machines,
  type Method,
  PORT,
  type Segment,
  VIP,
} from "./plan.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { bridge } from "./topology.ts";

const MONITOR = "nlmon0";
const READY_MS = 20_000;

/** Records what happens to the pair. */
export class Witness {
  /** In the order in which it came in. */
  readonly seen: Observation[] = [];
  /** Why the record may have holes; it counts for nothing then. */
  readonly failures: string[] = [];
  readonly #network: Network;
  readonly #stopwatch: Stopwatch;
  readonly #senders: ReadonlyMap<string, DirectorName>;
  /** All machines, by hardware address. */
  readonly #machines: ReadonlyMap<string, string>;
  readonly #running = new Map<ChildProcess, string>();
  readonly #held = new Map<string, boolean>();
  #onChange: (change: AddressChange) => void = () => {};

  constructor(network: Network, method: Method, stopwatch: Stopwatch) {
    this.#network = network;
    this.#stopwatch = stopwatch;
    const directors = machines(method).filter((machine): machine is Machine & { name: DirectorName } =>
      (DIRECTORS as readonly string[]).includes(machine.name),
    );
    this.#machines = new Map(
      machines(method).flatMap(({ name, legs }) => legs.map(({ mac }) => [mac, name])),
    );
    this.#senders = new Map(directors.flatMap(({ name, legs }) => legs.map(({ mac }) => [mac, name])));
  }

  /** Calls back when a director gains or loses an address. */
  onChange(listener: (change: AddressChange) => void): void {
    this.#onChange = listener;
  }

  /** Writes down what the lab does to a director. */
  note(director: DirectorName, deed: Deed["deed"]): Instant {
    const at = this.#stopwatch.now();
    this.seen.push({ type: "deed", at, director, deed });
    return at;
  }

  /** Whether the director has the address now. */
  has(director: DirectorName, address: string): boolean {
    return this.#held.get(`${director} ${address}`) ?? false;
  }

  /** Whether a process is one of the witnesses, which outlive what they watch. */
  owns(pid: number): boolean {
    return [...this.#running.keys()].some((child) => child.pid === pid);
  }

  /** Starts to watch a segment for what the directors announce to it. */
  async watchSegment(segment: Segment): Promise<void> {
    await this.#capture(this.#network.switch, [bridge(segment), "arp"], (at, frame) => {
      const found = announcement(frame);
      const director = found && this.#senders.get(found.mac);
      if (found === undefined || director === undefined) return;
      this.seen.push({ type: "announcement", at, director, segment, address: found.address });
    });
  }

  /** Starts to watch who sends the client its replies. Of each connection the second packet, SYN and ACK, is one. */
  async watchReplies(): Promise<void> {
    const filter = `src host ${VIP} and tcp src port ${PORT} and tcp[tcpflags] & (tcp-syn | tcp-ack) = (tcp-syn | tcp-ack)`;
    await this.#capture(this.#network.namespace("client"), ["eth0", "-Q", "in", filter], (at, frame) => {
      const mac = sender(frame);
      if (mac !== undefined) this.seen.push({ type: "reply", at, machine: this.#machines.get(mac) ?? mac });
    });
  }

  /** Starts to watch a director's addresses and adverts; it must have none of the addresses that count. */
  async watchDirector(director: DirectorName): Promise<void> {
    const namespace = this.#network.namespace(director);
    for (const key of this.#held.keys()) if (key.startsWith(`${director} `)) this.#held.delete(key);
    await ip([`link add ${MONITOR} type nlmon`, `link set ${MONITOR} up`], namespace);
    const listener = this.#start(namespace, ["ip", "monitor", "address"]);
    listener.stdout?.resume();
    await this.#capture(namespace, [MONITOR, ADDRESS_FILTER], (at, frame) => {
      for (const { address, present } of addressNotices(frame))
        this.#change({ type: "address", at, director, address, present });
    });
    await this.#capture(namespace, ["eth0", "-Q", "out", ADVERT_FILTER], (at, frame) => {
      const found = advert(frame);
      if (found !== undefined) this.seen.push({ type: "advert", at, director, ...found });
    });
  }

  /** Forgets the captures of a machine that is being rebuilt. */
  async leaveDirector(director: DirectorName): Promise<void> {
    await this.#stop((namespace) => namespace === this.#network.namespace(director));
  }

  /** Ends all captures. */
  async finish(): Promise<void> {
    await this.#stop(() => true);
  }

  #change(change: AddressChange): void {
    this.seen.push(change);
    const key = `${change.director} ${change.address}`;
    // A renewed lease is no news.
    if (this.#held.get(key) === change.present) return;
    this.#held.set(key, change.present);
    this.#onChange(change);
  }

  async #capture(
    namespace: string,
    [link = "", ...filter]: readonly string[],
    onFrame: (at: Instant, frame: Buffer) => void,
  ): Promise<void> {
    const options = ["-i", link, "-n", "-s", "2048", "-U", "--immediate-mode", "-Z", "root", "-w", "-"];
    const child = this.#start(namespace, ["tcpdump", ...options, ...filter]);
    const reader = new PcapReader();
    child.stdout?.on("data", (chunk: Buffer) => {
      for (const { epoch, bytes } of reader.push(chunk)) onFrame(this.#stopwatch.at(epoch), bytes);
    });
    await this.#listening(child);
  }

  #start(namespace: string, command: readonly string[]): ChildProcess {
    const child = spawn("ip", ["netns", "exec", namespace, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#running.set(child, namespace);
    child.on("error", (error) => this.failures.push(`${command[0]}: ${error.message}`));
    child.on("exit", (status, signal) => {
      if (this.#running.delete(child))
        this.failures.push(`${command[0]} ended by itself (${signal ?? status})`);
    });
    return child;
  }

  async #listening(child: ChildProcess): Promise<void> {
    const signal = AbortSignal.timeout(READY_MS);
    let said = "";
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => {
      said += text;
      const lost = /([1-9][0-9]*) packets dropped by kernel/.exec(said)?.[1];
      if (lost !== undefined) this.failures.push(`a capture lost ${lost} frames`);
    });
    while (!said.includes("listening on")) {
      if (child.stderr === null || child.exitCode !== null) throw new Error(`tcpdump: ${said.trim()}`);
      await once(child.stderr, "data", { signal });
    }
  }

  async #stop(chosen: (namespace: string) => boolean): Promise<void> {
    const children = [...this.#running].filter(([, namespace]) => chosen(namespace)).map(([child]) => child);
    for (const child of children) this.#running.delete(child);
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const closed = once(child, "close", { signal: AbortSignal.timeout(READY_MS) });
        child.kill("SIGINT");
        await closed;
      }),
    );
  }
}
