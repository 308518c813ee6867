/** The event log: one line of JSON an event on standard output, or something prettier on a terminal. */

import pino from "pino";
import { PinoPretty } from "pino-pretty";
import { EVENTS, type Event } from "../core/report/event.ts";

/** Takes an event down, with what the supervisor knows of where it is from. */
export type EventLog = (event: Event, origin?: Readonly<Record<string, string | number>>) => void;

/** Opens the log on standard output. A reader who has gone away is no reason to stop. */
export function openLog(): EventLog {
  const output = process.stdout.isTTY
    ? PinoPretty({ sync: true, singleLine: true, ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss.l" })
    : pino.destination({ fd: 1, sync: true });
  output.on("error", () => {});
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, output);
  return (event, origin = {}) => {
    const [level, text] = EVENTS[event.name];
    logger[level]({ event: event.name, ...origin, ...event.fields }, text);
  };
}
