/**
 * Goal: of an object that is tracked nothing is known but what was found of it since. Method: findings and configurations in
 * turn, and a listener that writes down what it is told.
 */

import t from "tap";
import type { Finding, TrackKind } from "../../src/core/track/model.ts";
import { IDLE } from "../../src/core/vrrp/model.ts";
import { MACHINE_CLOCK } from "../../src/failover/clock.ts";
import { TrackedObjects } from "../../src/failover/tracked-objects.ts";
import { router } from "../core/vrrp/story.ts";

const tracking = (...kinds: readonly TrackKind[]) => ({
  ...IDLE,
  routers: [
    router({ tracks: kinds.map((kind) => ({ kind, object: "upstream", weight: 0, reverse: false })) }),
  ],
});
const down = (kind: TrackKind): Finding => ({
  kind,
  object: "upstream",
  verdict: false,
  detail: "exit status 1",
});

t.test("an object that was not tracked for a while is not known when it is tracked again", (t) => {
  const told: string[] = [];
  const objects = new TrackedObjects(MACHINE_CLOCK, {
    changed: () => told.push("changed") > 0,
    event: ({ fields }) => told.push(`${String(fields.kind)} is ${String(fields.verdict)}`) > 0,
    standing: () => [],
    bfdPath: () => undefined,
  });
  for (const kind of ["script", "gateway"] as const) {
    objects.configure(tracking("script", "gateway"));
    objects.found([down(kind)]);
    objects.look(new Map());
    t.same(told.splice(0), ["changed", `${kind} is down`]);
    objects.configure(tracking(kind === "script" ? "gateway" : "script"));
    objects.configure(tracking("script", "gateway"));
    t.equal(objects.verdict(kind, "upstream"), undefined, kind);
    t.same(objects.report(), []);
  }
  objects.close();
  t.end();
});

t.test("what was found before the configuration is in force counts, and what stays tracked keeps it", (t) => {
  const objects = new TrackedObjects(MACHINE_CLOCK, {
    changed: () => {},
    event: () => {},
    standing: () => [],
    bfdPath: () => undefined,
  });
  objects.found([down("file")]);
  objects.configure(tracking("file"));
  t.equal(objects.verdict("file", "upstream"), false);
  objects.configure(tracking("file", "process"));
  t.equal(objects.verdict("file", "upstream"), false);
  objects.close();
  t.end();
});
