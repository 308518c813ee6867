/**
 * Stories in plain text: commands, a line `----`, what came of them, an empty line, and so on. The world has no chance in
 * it: packets take their latency and nothing else takes any time, so that every instant can be worked out by hand.
 *
 * ```
 * lan lvs1=150 lvs2=100 advert=1s latency=2ms      the first command, or all anew: who there is, and what the configurations share;
 *                                                  with group=yes a second instance, mail on eth1, moves with web;
 *                                                  with heartbeat=100ms they have a link, on eth0 and eth1, dead after 4
 * run 5s                                           lets time pass
 * start|stop|kill|pause|wake|boot|power-off lvs1   the failover process and its machine
 * down|up lvs1 eth0, mute|unmute lvs1 eth0         an interface, with or without the kernel's word
 * hand-over lvs1                                   the operator wants the other one to be master
 * cut lvs1 | lvs2 client, cut eth1 lvs1 | lvs2     all segments, or one, fall in two
 * block eth1                                       heartbeats do not get through there
 * mend, mend eth1                                  all, or one, are whole again
 * remove|add lvs1 192.0.2.100                      somebody else's hand
 * refuse|allow lvs1                                the kernel and new addresses
 * find lvs1 -60                                    the number in the file that web tracks with weight 1
 * set lvs2 priority=200 advert=2s preempt=no …     another configuration
 * show adverts|transitions                         whether adverts are among what is told
 * table                                            where the client sends
 * ```
 */

import { MULTICAST4, MULTICAST6 } from "../../src/core/vrrp/delivery.ts";
import { type IpAddress, isIpv6 } from "../../src/core/units/ip-address.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { after, type Duration, milliseconds, seconds, ZERO } from "../../src/core/units/time.ts";
import { IDLE, type VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Client, macText } from "./client.ts";
import { linksFor } from "./links.ts";
import type { Machine } from "./machine.ts";
import type { Port, Segment } from "./segment.ts";
import { RULES } from "./rules/all.ts";
import { clock, Trace } from "./trace.ts";
import { World } from "./world.ts";

/** A story with what comes of it in place of what stands there. */
export function perform(story: string): string {
  const blocks = story.trimEnd().split(/\n\n+/);
  const stage = new Stage();
  return `${blocks.map((block) => performed(block, stage)).join("\n\n")}\n`;
}

function performed(block: string, stage: Stage): string {
  const lines = block.split("\n");
  const end = lines.indexOf("----");
  const commands = end < 0 ? lines : lines.slice(0, end);
  if (commands.every((line) => line.startsWith("#"))) return block;
  for (const line of commands) if (!line.startsWith("#")) stage.command(line);
  return [...commands, "----", ...stage.told()].join("\n");
}

class Stage {
  #world: World | undefined;
  #trace: Trace | undefined;
  #told = 0;
  #showAdverts = false;
  #answers: string[] = [];

  /** Carries out one line. */
  command(line: string): void {
    const [verb = "", ...words] = line.split(/\s+/);
    if (verb === "lan") {
      this.#build(words);
      return;
    }
    const [first = "", second = ""] = words;
    switch (verb) {
      case "run":
        return this.#lan.runUntil(after(this.#lan.now, duration(first)));
      case "start":
        return this.#lan.start(this.#machine(first));
      case "stop":
        return this.#machine(first).stop();
      case "hand-over":
        return this.#machine(first).handOver();
      case "kill":
        return this.#machine(first).kill();
      case "pause":
        return this.#machine(first).stall();
      case "wake":
        return this.#machine(first).goOn();
      case "power-off":
        return this.#machine(first).losePower();
      case "boot":
        this.#machine(first).boot();
        return this.#lan.start(this.#machine(first));
      case "down":
      case "up":
        return this.#machine(first).setCarrier(second, verb === "up", false);
      case "mute":
      case "unmute":
        return this.#machine(first).setCarrier(second, verb === "unmute", true);
      case "cut":
        return this.#cut(words);
      case "block":
        this.#lan.segments[Number(first.slice(3))]?.filter((_, __, { kind }) => kind === "heartbeat");
        return;
      case "mend":
        for (const [index, segment] of this.#lan.segments.entries())
          if (first === "" || first === `eth${index}`) segment.mendAll();
        return;
      case "add":
      case "remove":
        return this.#meddle(verb, this.#machine(first), second as Ipv4);
      case "refuse":
      case "allow":
        this.#machine(first).kernel.mood.refusal = verb === "refuse" ? "EPERM" : undefined;
        return;
      case "find": {
        const [load] = LOAD;
        const finding = { kind: load.kind, object: load.object, verdict: Number(second), detail: "" };
        return this.#lan.find(this.#machine(first), finding);
      }
      case "set":
        return this.#set(this.#machine(first), words.slice(1));
      case "show":
        this.#showAdverts = first === "adverts";
        return;
      case "table":
        return this.#table();
      default:
        throw new Error(`a scenario knows no "${line}"`);
    }
  }

  /** What has been told since the last call: one line for each director and instant. */
  told(): string[] {
    const lines: string[] = [];
    const all = (this.#trace?.happenings ?? []).slice(this.#told);
    this.#told += all.length;
    let last = "";
    for (const { at, who, kind, text, count } of all) {
      if (kind === "hears" || kind === "life" || (kind === "sends" && !this.#showAdverts)) continue;
      const place = `${who === "" ? "--" : who} t=${clock(at)}s`;
      const what = count > 1 ? `${text} x${count}` : text;
      if (place === last) lines.push(`${lines.pop()}, ${what}`);
      else lines.push(`${place} ${what}`);
      last = place;
    }
    return [...lines, ...this.#answers.splice(0)];
  }

  get #lan(): World {
    if (this.#world === undefined) throw new Error("a scenario begins with its lan");
    return this.#world;
  }

  #machine(name: string): Machine {
    const found = this.#lan.machines.find((machine) => machine.name === name);
    if (found === undefined) throw new Error(`there is no director ${name}`);
    return found;
  }

  #build(words: readonly string[]): void {
    const names = words.filter((word) => word.startsWith("lvs")).map((word) => word.split("=")[1] ?? "");
    const shared = words.filter((word) => !/^(lvs|latency|group|startup-delay|heartbeat)/.test(word));
    const value = (key: string) => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
    const latency = duration(value("latency") ?? "0s");
    const isGroup = value("group") === "yes";
    const heartbeat = value("heartbeat");
    const links = heartbeat === undefined ? [] : linksFor({ ...LINK, interval: duration(heartbeat) });
    const directors = names.map((priority, index) => ({
      ...IDLE,
      startupDelay: duration(value("startup-delay") ?? "0s"),
      routers: routersOf([...shared, `priority=${priority}`], isGroup),
      heartbeat: links[index],
    }));
    const trace = new Trace(() => this.#lan.now);
    this.#trace = trace;
    this.#told = 0;
    const blueprint = {
      seed: 1,
      directors,
      segments: isGroup || heartbeat !== undefined ? 2 : 1,
      clients: 1,
      latency,
      slowness: ZERO,
      timerLateness: ZERO,
    };
    this.#world = new World(blueprint, RULES, trace);
    for (const machine of this.#world.machines) this.#world.start(machine);
  }

  #cut(words: readonly string[]): void {
    const bar = words.indexOf("|");
    for (const [index, segment] of this.#lan.segments.entries()) {
      if (words[0]?.startsWith("eth") && words[0] !== `eth${index}`) continue;
      for (const from of portsOf(segment, words.slice(0, bar))) {
        for (const to of portsOf(segment, words.slice(bar + 1))) {
          segment.cut(from, to);
          segment.cut(to, from);
        }
      }
    }
  }

  #meddle(what: "add" | "remove", machine: Machine, address: Ipv4): void {
    const own = this.#lan.routers(machine).flatMap((router) => router.addresses);
    const meant = own.find((candidate) => candidate.address === address);
    if (meant !== undefined) machine.kernel.change(what, meant, "stranger");
  }

  #set(machine: Machine, words: readonly string[]): void {
    const before = this.#lan.files.get(machine) ?? IDLE;
    const routers = this.#lan.routers(machine).map((router) => changed(router, words));
    this.#lan.rewrite(machine, { ...before, routers });
  }

  #table(): void {
    const [client] = this.#lan.clients[0] ?? [];
    for (const [address, mac] of client?.table ?? []) {
      const owner = this.#lan.machines.find(({ kernel }) => {
        const own = kernel.interfaces.get("eth0")?.mac;
        return own !== undefined && macText(own) === mac;
      });
      this.#answers.push(`the client sends for ${address} to ${owner?.name ?? "nobody"}`);
    }
  }
}

function portsOf(segment: Segment, names: readonly string[]): Port[] {
  return segment.ports.filter((port) => names.includes(port instanceof Client ? "client" : port.name));
}

const LOAD = [{ kind: "file", object: "load", weight: 1, reverse: false }] as const;

const LINK = {
  paths: [
    { name: "private", segment: 1, family: 4 },
    { name: "public", segment: 0, family: 4 },
  ],
  deadAfter: 4,
  takeover: true,
  aside: [],
} as const;

const ROUTER: VirtualRouter = {
  name: "web",
  interface: "eth0",
  vrid: 51,
  version: 3,
  priority: 100,
  advertInterval: seconds(1),
  preempt: true,
  family: 4,
  delivery: MULTICAST4,
  v3ChecksumAsV2: false,
  addresses: addresses("192.0.2.100"),
  announcing: { delay: seconds(5), repeat: 1, refresh: ZERO, refreshRepeat: 1 },
  contention: { announceDelay: seconds(5), announceRepeat: 1, answer: true, lastWord: true },
  downTimerAdverts: 3,
  preemptDelay: ZERO,
  accept: true,
  routing: [],
  syncGroup: undefined,
  tracks: LOAD,
};

/** One instance, or two that move together; a member of a group may have no weight of its own. */
function routersOf(words: readonly string[], isGroup: boolean): readonly VirtualRouter[] {
  const web = changed(ROUTER, words);
  if (!isGroup) return [web];
  const member = { ...web, syncGroup: "site", tracks: [] };
  const address = { address: "198.51.100.100" as Ipv4, prefixLength: 24, interface: "eth1" };
  return [member, { ...member, name: "mail", interface: "eth1", vrid: 52, addresses: [address] }];
}

function changed(router: VirtualRouter, words: readonly string[]): VirtualRouter {
  return words.reduce((so, word) => {
    const [key = "", value = ""] = word.split("=");
    switch (key) {
      case "priority":
        return { ...so, priority: Number(value) };
      case "advert":
        return { ...so, advertInterval: duration(value) };
      case "version":
        return { ...so, version: value === "2" ? 2 : 3 };
      case "preempt":
        return { ...so, preempt: value === "yes" };
      case "answer":
        return { ...so, contention: { ...so.contention, answer: value === "yes" } };
      case "owner-heeds":
        return { ...so, ownerHeeds: value === "owners" ? "owners" : "nobody" };
      case "preempt-delay":
        return { ...so, preemptDelay: duration(value) };
      case "family":
        return value === "6"
          ? { ...so, family: 6, delivery: MULTICAST6 }
          : { ...so, family: 4, delivery: MULTICAST4 };
      case "addresses":
        return { ...so, addresses: addresses(value) };
      case "delay":
        return {
          ...so,
          announcing: { ...so.announcing, delay: duration(value) },
          contention: { ...so.contention, announceDelay: duration(value) },
        };
      case "repeat":
        return {
          ...so,
          announcing: { ...so.announcing, repeat: Number(value) },
          contention: { ...so.contention, announceRepeat: Number(value) },
        };
      case "refresh":
        return { ...so, announcing: { ...so.announcing, refresh: duration(value) } };
      default:
        throw new Error(`a configuration in a scenario has no "${word}"`);
    }
  }, router);
}

function addresses(list: string): VirtualRouter["addresses"] {
  return list.split(",").map((address) => ({
    address: address as IpAddress,
    prefixLength: isIpv6(address as IpAddress) ? 64 : 24,
    interface: "eth0",
  }));
}

function duration(text: string): Duration {
  const [, count = "", unit] = /^([0-9.]+)(ms|s)$/.exec(text) ?? [];
  if (count === "") throw new Error(`"${text}" is no duration: 2ms, 1.5s`);
  return unit === "ms" ? milliseconds(Number(count)) : seconds(Number(count));
}
