/**
 * Goal: ports that another program has are tried again, all of them together. Method: sockets that have them already, and
 * the clock's alarms, counted.
 */

import t from "tap";
import type { BfdSession } from "../../src/core/bfd/model.ts";
import type { FailoverCount } from "../../src/core/report/channel.ts";
import { after, type Instant, seconds } from "../../src/core/units/time.ts";
import { BfdSessions } from "../../src/failover/bfd-sessions.ts";
import { Counters } from "../../src/failover/counters.ts";
import { Noticeboard } from "../../src/failover/noticeboard.ts";
import { openBfdListener } from "../../src/linux/bfd-socket.ts";
import { KernelError } from "../../src/linux/kernel-error.ts";
import type { Receiver } from "../../src/linux/receiver.ts";
import { session } from "../core/bfd/story.ts";
import { at, ip } from "../core/vrrp/story.ts";

/** One for each port: of either family, over one hop and several. They say nothing to anybody. */
const SESSIONS: readonly BfdSession[] = ["192.0.2.1", "2001:db8::1"].flatMap((neighbor) =>
  [false, true].map((multihop) =>
    session({ name: `${neighbor} ${multihop}`, neighbor: ip(neighbor), multihop, passive: true }),
  ),
);

t.test("one alarm for all the ports that cannot be had", async (t) => {
  for (const family of [4, 6] as const) {
    for (const port of [3784, 4784]) {
      try {
        const taken = openBfdListener(family, port);
        t.teardown(() => taken.close());
      } catch (error) {
        // Somebody has it already, or nobody can.
        if (!(error instanceof KernelError)) throw error;
      }
    }
  }
  const now = at(1);
  const alarms = new Set<{ at: Instant; ring: () => void }>();
  const clock = {
    now: () => now,
    wallSeconds: () => 0,
    ringAt(when: Instant, ring: () => void) {
      const alarm = { at: when, ring };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
  };
  const failed: unknown[] = [];
  // Nothing is heard, and so nothing is asked of it.
  const receiver = {} as Receiver;
  const sessions = new BfdSessions(clock, receiver, new Counters<FailoverCount>(), new Noticeboard(), {
    event: ({ name, fields }) => name === "bfd-listen-failed" && failed.push(fields["port"]),
    changed: () => {},
    late: () => {},
    interfaces: () => new Map(),
  });
  const retries = () => [...alarms].filter((alarm) => alarm.at === after(now, seconds(5)));
  sessions.configure(SESSIONS);
  t.same(failed, [3784, 4784, 3784, 4784]);
  for (let round = 0; round < 3; round += 1) {
    t.equal(retries().length, 1);
    for (const alarm of retries()) {
      alarms.delete(alarm);
      alarm.ring();
    }
  }
  await sessions.close();
  t.same([...alarms], []);
});
