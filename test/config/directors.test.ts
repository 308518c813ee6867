/**
 * One file, two machines. Goal: a director finds itself, gets its own priorities, and an ambiguous file is told.
 */

import t from "tap";
import { complaints, configOf, instance } from "./reading.ts";

const PAIR = "directors:\n  lvs1: { priority: 150 }\n  lvs2: { priority: 100 }\n";

t.test("a director is found by --node, else by hostname, else by the hostname's first label", (t) => {
  const text = `${PAIR}${instance()}`;
  const found = (options: { node?: string; hostname: string }): [string | undefined, number | undefined] => {
    const { node, failover } = configOf(text, options);
    return [node, failover.routers[0]?.priority];
  };
  t.strictSame(found({ hostname: "lvs1" }), ["lvs1", 150]);
  t.strictSame(found({ hostname: "lvs2.example.net" }), ["lvs2", 100]);
  t.strictSame(found({ hostname: "lvs1", node: "lvs2" }), ["lvs2", 100]);
  const full = `directors: { lvs1: { priority: 1 }, lvs1.example.net: { priority: 2 } }\n${instance()}`;
  t.equal(
    configOf(full, { hostname: "lvs1.example.net" }).node,
    "lvs1.example.net",
    "the full name goes first",
  );
  t.end();
});

t.test("a machine that is none of the directors is told their names", (t) => {
  const text = `${PAIR}${instance()}`;
  t.strictSame(complaints(text, { hostname: "web7.example.net" }), [
    '1:1: error: directors: this machine\'s hostname "web7.example.net" is none of the directors (lvs1, lvs2): ' +
      "say with --node which of them this is [unknown-node]",
  ]);
  t.match(complaints(text, { node: "lvs3" }), [/the node "lvs3" is none of the directors \(lvs1, lvs2\)/]);
  t.match(complaints(text, { node: "" }), [/unknown-node/], "an empty name is no way to say nothing");
  t.end();
});

t.test("a node for a file without directors is only a warning", (t) => {
  t.match(complaints(instance(), { node: "lvs1" }), [
    /^1:1: warning: the file names no directors, so the node "lvs1"/,
  ]);
  t.equal(configOf(instance(), { node: "lvs1" }).node, undefined);
  t.end();
});

t.test("an instance can give each director a priority of its own", (t) => {
  const text = `${PAIR}${instance({ priority: "{ lvs2: 200 }" })}`;
  t.equal(configOf(text, { node: "lvs2" }).failover.routers[0]?.priority, 200);
  t.equal(configOf(text, { node: "lvs1" }).failover.routers[0]?.priority, 150, "left out: the director's");
  t.strictSame(complaints(text), []);
  t.end();
});

t.test("a plain priority beside directors holds for all of them, and is told", (t) => {
  const text = `${PAIR}${instance({ priority: "120" })}`;
  t.equal(configOf(text, { node: "lvs2" }).failover.routers[0]?.priority, 120);
  t.strictSame(complaints(text), [
    "9:15: warning: vrrp_instances.web.priority: this priority is the same on every director: leave it out to use " +
      "the directors' own, or write one for each, such as { lvs1: 150, lvs2: 100 } [plain-priority]",
  ]);
  t.strictSame(complaints(`directors: { lvs1: { priority: 1 } }\n${instance({ priority: "120" })}`), []);
  t.end();
});

t.test("equal priorities are told once, where they come from", (t) => {
  const equal = "directors:\n  lvs1: { priority: 100 }\n  lvs2: { priority: 100 }\n";
  const two = `${equal}${instance()}${instance({
    virtual_router_id: "52",
    virtual_ipaddress: "[192.0.2.101]",
  })
    .replace("vrrp_instances:\n", "")
    .replace("web", "db")}`;
  t.strictSame(complaints(two), [
    "3:21: warning: directors.lvs2.priority: lvs1 and lvs2 both have 100: give one of them more, so that it is " +
      "clear who is master [equal-priorities]",
  ]);
  t.match(complaints(`${PAIR}${instance({ priority: "{ lvs2: 150 }" })}`), [
    /^9:15: warning: vrrp_instances\.web\.priority: lvs1 and lvs2 both have 150/,
  ]);
  t.end();
});

t.test("a priority for an unknown director is an error", (t) => {
  t.strictSame(complaints(`${PAIR}${instance({ priority: "{ lvs1: 10, lsv2: 20 }" })}`), [
    '9:27: error: vrrp_instances.web.priority.lsv2: "lsv2" is none of the directors: did you mean lvs2? ' +
      "[unknown-director]",
  ]);
  t.match(complaints(instance({ priority: "{ lvs1: 10 }" })), [
    /the file names no directors: write one number/,
  ]);
  t.end();
});
