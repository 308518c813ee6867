/** What happened in a run, as text: a line for each thing, with its time, who, and what in words. */

import type { Event as Report } from "../../src/core/report/event.ts";
import { between, type Instant, START, toMilliseconds, toSeconds } from "../../src/core/units/time.ts";
import type { OutgoingAdvert } from "../../src/core/vrrp/advert-packet.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Effect } from "../../src/core/vrrp/event.ts";
import type { Hand } from "./kernel.ts";
import type { Hearing, Life, Machine } from "./machine.ts";
import { dissect } from "./validity.ts";

/** One thing that happened. `who` is empty when no machine did it. */
export interface Happening {
  readonly at: Instant;
  readonly who: string;
  readonly kind: "note" | "hears" | "sends" | "announces" | "state" | "address" | "life" | "link";
  readonly text: string;
  /** So often in a row. */
  count: number;
}

/** Collects what happens. */
export class Trace {
  readonly happenings: Happening[] = [];
  readonly #now: () => Instant;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** A line for each thing, in columns: the second, who, what. */
  get lines(): readonly string[] {
    return this.happenings.map(
      ({ at, who, text, count }) =>
        `${clock(at)}  ${who === "" ? "--" : who}  ${text}${count > 1 ? ` x${count}` : ""}`,
    );
  }

  /** Something that no machine did: a fault, a phase, a broken rule. */
  note(text: string): void {
    this.#add("", "note", text);
  }

  heard(machine: Machine, { frame: { altered }, admission }: Hearing): void {
    const about = altered === undefined ? "" : ` (${altered})`;
    if (admission.type === "discarded") {
      this.#add(
        machine.name,
        "hears",
        `discards (${admission.cause}) a packet of ${admission.source ?? "nobody"}${about}`,
      );
      return;
    }
    const { router, advert, source } = admission;
    const interval = toMilliseconds(advert.advertInterval);
    this.#add(
      machine.name,
      "hears",
      `hears ${router.name}: priority ${advert.priority}, ${interval} ms, from ${source}${about}`,
    );
  }

  sent(machine: Machine, router: VirtualRouter, { packet, destination }: OutgoingAdvert): void {
    const priority = dissect(packet)?.message[2] ?? -1;
    const to = router.delivery.type === "unicast" ? ` to ${destination}` : "";
    const fails = machine.kernel.mood.failsToSend ? ", in vain" : "";
    const interval = toMilliseconds(router.advertInterval);
    this.#add(
      machine.name,
      "sends",
      `sends ${router.name}: priority ${priority}, ${interval} ms${to}${fails}`,
    );
  }

  announced(machine: Machine, { address, interface: name }: VirtualAddress): void {
    this.#add(machine.name, "announces", `announces ${address} on ${name}`);
  }

  published(machine: Machine, router: VirtualRouter, effect: Effect & { type: "publish" }): void {
    const { from, to, cause, detail } = effect;
    const because = detail === undefined ? cause : `${cause}: ${detail}`;
    this.#add(machine.name, "state", `${router.name} ${from} -> ${to} (${because})`);
  }

  address(machine: Machine, address: VirtualAddress, present: boolean, by: Hand): void {
    const what = `${address.address}/${address.prefixLength} ${address.interface}`;
    const who = by === "stranger" ? ", by somebody else" : "";
    this.#add(machine.name, "address", `${present ? "has" : "has no longer"} ${what}${who}`);
  }

  /** What an operator is told of the link. */
  reported(machine: Machine, { name, fields }: Report): void {
    const told = Object.entries(fields).map(([key, value]) => `${key} ${String(value)}`);
    this.#add(machine.name, "link", [name, ...told].join(", "));
  }

  life(machine: Machine, what: Life): void {
    this.#add(machine.name, "life", what);
  }

  #add(who: string, kind: Happening["kind"], text: string): void {
    const at = this.#now();
    const last = this.happenings.at(-1);
    if (kind === "announces" && last?.at === at && last.who === who && last.text === text) last.count += 1;
    else this.happenings.push({ at, who, kind, text, count: 1 });
  }
}

/** An instant in seconds. */
export function clock(at: Instant): string {
  return toSeconds(between(START, at)).toFixed(6);
}
