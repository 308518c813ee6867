/**
 * Events that say where something stands: each holds until the next one about the same. They are what programs and pipes are told,
 * so that whoever has no room for all of them keeps the last one.
 */

import type { Event, EventName } from "./event.ts";

const ABOUT: Partial<Record<EventName, string>> = {
  "vrrp-transition": "state",
  "vrrp-priority-changed": "priority",
  "quorum-gained": "quorum",
  "quorum-lost": "quorum",
  "real-server-up": "real server",
  "real-server-down": "real server",
};

/** What it is the last word on, such as one instance's state; undefined for an event that holds for its own moment only. */
export function lastWordOn({ name, fields: { instance, virtual, real } }: Event): string | undefined {
  const about = ABOUT[name];
  return about && JSON.stringify([about, instance, virtual, real]);
}
