/**
 * Goal: a supervisor that hangs costs its child nothing but the telling of events: counts and answers wait for it, and so does the
 * last word on each instance and each virtual and real server. And a
 * report costs a configuration on its way into force nothing.
 * Method: the channel's far end is this process, stubbed where the child would send.
 */

import t from "tap";
import { openParentChannel } from "../../src/linux/parent-channel.ts";
import { type Event, event } from "../../src/core/report/event.ts";

interface Sent {
  readonly type: string;
  readonly report?: number;
  readonly event?: Event;
}

t.test("a supervisor that takes nothing", async (t) => {
  const sent: Sent[] = [];
  const taken: (() => void)[] = [];
  Object.assign(process, {
    connected: true,
    send(message: Sent, _handle: unknown, _options: unknown, callback: () => void) {
      sent.push(message);
      taken.push(callback);
      return true;
    },
  });
  t.teardown(() => {
    process.removeAllListeners("message");
    process.removeAllListeners("disconnect");
    setImmediate(() => process.exit());
  });
  let counted = 0;
  let inForce: (() => void) | undefined;
  const channel = openParentChannel<string, number>({
    configure: (config) =>
      config === "slow" ? new Promise((resolve) => (inForce = resolve)) : Promise.resolve(),
    stop: async () => {},
    reportsAreLarge: true,
    report() {
      const count = counted;
      counted = 0;
      return count;
    },
  });
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  for (let index = 0; index < 1_005; index += 1) channel.event(event("check-failed"));
  await turn();
  t.equal(sent.length, 1_000, "no more is queued");

  counted = 7;
  channel.reportSoon();
  await turn();
  process.emit("message", { type: "configure", config: "new" }, undefined);
  await turn();
  t.strictSame(
    sent.slice(1_000).map(({ type }) => type),
    ["configured"],
    "the answer that it waits for is sent all the same",
  );
  t.equal(counted, 7, "what could not be told is kept");

  const [web, inner] = [{ instance: "web" }, { instance: "inner" }];
  const [http, real] = [{ virtual: "tcp 192.0.2.100:80" }, { real: "198.51.100.21:80" }];
  const said = [
    event("vrrp-transition", { ...web, to: "fault" }),
    event("real-server-down", { ...http, ...real }),
    event("quorum-lost", http),
    event("vrrp-transition", { ...inner, to: "fault" }),
    event("vrrp-priority-changed", { ...web, to: 90 }),
    event("vrrp-transition", { ...web, to: "backup" }),
    event("real-server-up", { ...http, ...real }),
  ];
  for (const one of said) channel.event(one);
  await turn();
  t.equal(sent.length, 1_001, "there is no room for them");

  const first = taken.splice(0, 3);
  for (const callback of first) callback();
  channel.event(event("vrrp-transition", { ...inner, to: "backup" }));
  for (const callback of taken) callback();
  await turn();
  t.strictSame(
    sent.slice(1_001).map(({ type, event: told }) => told ?? type),
    [
      said[2],
      said[3],
      said[4],
      said[5],
      said[6],
      event("vrrp-transition", { ...inner, to: "backup" }),
      "report",
    ],
    "the last word on each, in their order, before where things stand",
  );
  t.match(sent.at(-1), { type: "report", report: 7, eventsDropped: 7 }, "and so is what was lost");
  await turn();
  channel.reportSoon();
  await turn();
  t.match(sent.at(-1), { type: "report", eventsDropped: 0 }, "told once");

  // What follows is asked of the same channel: a process has one.
  const before = sent.length;
  process.emit("message", { type: "configure", config: "slow" }, undefined);
  await turn();
  channel.event(event("check-failed"));
  await turn();
  inForce?.();
  await turn();
  t.strictSame(
    sent.slice(before).map(({ type }) => type),
    ["event", "configured", "report"],
    "an event on the way to a configuration in force is told at once, the report when it is there",
  );

  for (let index = 0; index < 1_010; index += 1) channel.event(event("check-failed"));
  channel.event(event("vrrp-transition", { instance: "web", to: "init" }));
  process.emit("message", { type: "stop" }, undefined);
  await turn();
  t.match(
    sent.slice(-2),
    [{ type: "event", event: { fields: { to: "init" } } }, { type: "stopped" }],
    "nor does who leaves take it along",
  );
});
