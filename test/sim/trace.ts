/** What happened in a run, as text: a line for each thing, with its time, who, and what in words. */

import { between, type Instant, START, toMilliseconds, toSeconds } from "../../src/core/units/time.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Effect } from "../../src/core/vrrp/virtual-router.ts";
import type { Stepped } from "./brain.ts";
import type { Hand } from "./kernel.ts";
import type { Hearing, Life, Machine } from "./machine.ts";

/** Collects the lines. */
export class Trace {
  readonly lines: string[] = [];
  readonly #now: () => Instant;
  #announcements: { readonly line: string; count: number } | undefined;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** Something that no machine did: a fault, a phase, a broken rule. */
  note(text: string): void {
    this.#add("", text);
  }

  stepped(_machine: Machine, _step: Stepped): void {}

  heard(machine: Machine, { frame: { altered }, admission }: Hearing): void {
    const about = altered === undefined ? "" : ` (${altered})`;
    if (admission.type === "discarded") {
      this.#add(
        machine.name,
        `discards (${admission.cause}) a packet of ${admission.source ?? "nobody"}${about}`,
      );
      return;
    }
    const { router, advert, source } = admission;
    const interval = toMilliseconds(advert.advertInterval);
    this.#add(
      machine.name,
      `hears ${router.name}: priority ${advert.priority}, ${interval} ms, from ${source}${about}`,
    );
  }

  sent(machine: Machine, router: VirtualRouter, priority: number): void {
    const fails = machine.kernel.mood.failsToSend ? ", in vain" : "";
    const interval = toMilliseconds(router.advertInterval);
    this.#add(machine.name, `sends ${router.name}: priority ${priority}, ${interval} ms${fails}`);
  }

  announced(machine: Machine, { address, interface: name }: VirtualAddress): void {
    const last = this.#announcements;
    const line = this.#line(machine.name, `announces ${address} on ${name}`);
    if (last?.line === line && this.lines.length > 0) {
      last.count += 1;
      this.lines[this.lines.length - 1] = `${line} x${last.count}`;
      return;
    }
    this.#announcements = { line, count: 1 };
    this.lines.push(line);
  }

  published(machine: Machine, router: VirtualRouter, effect: Effect & { type: "publish" }): void {
    const { from, to, cause, detail } = effect;
    const because = detail === undefined ? cause : `${cause}: ${detail}`;
    this.#add(machine.name, `${router.name} ${from} -> ${to} (${because})`);
  }

  address(machine: Machine, address: VirtualAddress, present: boolean, by: Hand): void {
    const what = `${address.address}/${address.prefixLength} ${address.interface}`;
    const who = by === "stranger" ? ", by somebody else" : "";
    this.#add(machine.name, `${present ? "has" : "has no longer"} ${what}${who}`);
  }

  life(machine: Machine, what: Life): void {
    this.#add(machine.name, what);
  }

  #add(who: string, text: string): void {
    this.#announcements = undefined;
    this.lines.push(this.#line(who, text));
  }

  #line(who: string, text: string): string {
    return `${toSeconds(between(START, this.#now())).toFixed(6)}  ${who === "" ? "--" : who}  ${text}`;
  }
}
