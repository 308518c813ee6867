/** Hand-made observations for the auditors' tests. Times are in milliseconds since the run began. */

import { type Duration, type Instant, milliseconds } from "../../src/core/units/time.ts";
import type { AddressChange, Advert, Announcement, Deed, Reply } from "../../src/lab/observation.ts";
import type { DirectorName } from "../../src/lab/plan.ts";

/** The address that all of them are about. */
export const VIP = "192.0.2.100";

/** So many milliseconds, as an instant. */
export function at(time: number): Instant {
  return milliseconds(time) as number as Instant;
}

/** So many milliseconds, as a duration. */
export function ms(time: number): Duration {
  return milliseconds(time);
}

/** The director's kernel gains the VIP. */
export function gains(director: DirectorName, time: number): AddressChange {
  return { type: "address", at: at(time), director, address: VIP, present: true };
}

/** The director's kernel loses the VIP. */
export function loses(director: DirectorName, time: number): AddressChange {
  return { type: "address", at: at(time), director, address: VIP, present: false };
}

/** The director announces the VIP on the public segment. */
export function announces(director: DirectorName, time: number): Announcement {
  return { type: "announcement", at: at(time), director, segment: "public", address: VIP };
}

/** The director sends an advert of priority 0. */
export function saysFarewell(director: DirectorName, time: number): Advert {
  return { type: "advert", at: at(time), director, vrid: 51, priority: 0 };
}

/** The lab does something to the director. */
export function deed(director: DirectorName, what: Deed["deed"], time: number): Deed {
  return { type: "deed", at: at(time), director, deed: what };
}

/** A machine sends the client a reply. */
export function replies(machine: string, time: number): Reply {
  return { type: "reply", at: at(time), machine };
}
