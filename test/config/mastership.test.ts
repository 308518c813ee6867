/**
 * What the keys that say who is master say about one another. Goal: each contradiction is told at its place, and what has
 * no effect is said to have none. Method: files with one of them each.
 */

import t from "tap";
import { codes, complaints, instance } from "./reading.ts";

const PAIR = "directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }\n";

t.test("preempt_delay contradicts nopreempt", (t) => {
  t.strictSame(complaints(instance({ nopreempt: "true", preempt_delay: "5" })), [
    "7:5: error: vrrp_instances.web.preempt_delay: contradicts nopreempt: true: what never preempts has nothing to " +
      "delay; keep one of the two [preempt-contradiction]",
  ]);
  t.strictSame(codes(instance({ preempt: "false", preempt_delay: "5" })), [
    "7:5 error preempt-contradiction",
  ]);
  t.strictSame(codes(instance({ nopreempt: "true", preempt_delay: "0" })), []);
  t.strictSame(codes(instance({ preempt_delay: "1000" })), []);
  t.strictSame(codes(instance({ preempt_delay: "1001" })), ["6:20 error out-of-range"]);
  t.end();
});

t.test("and is void for an owner", (t) => {
  t.strictSame(codes(instance({ preempt_delay: "5", priority: "255" })), ["6:5 warning owner-nopreempt"]);
  t.strictSame(codes(instance({ preempt_delay: "0", priority: "255" })), []);
  t.end();
});

t.test("state MASTER is an error with nopreempt, and a hint without effect below 255", (t) => {
  t.strictSame(codes(instance({ state: "MASTER", nopreempt: "true" })), ["6:12 error preempt-contradiction"]);
  t.strictSame(codes(instance({ state: "MASTER", preempt: "false" })), ["6:12 error preempt-contradiction"]);
  t.strictSame(codes(instance({ state: "MASTER" })), ["6:12 warning state-hint"]);
  t.strictSame(codes(instance({ state: "MASTER", priority: "254" })), ["6:12 warning state-hint"]);
  t.strictSame(codes(`${PAIR}${instance({ state: "master" })}`), ["7:12 warning state-hint"]);
  t.strictSame(codes(instance({ state: "MASTER", priority: "255" })), []);
  t.end();
});

t.test("state BACKUP is what everybody but an owner is", (t) => {
  t.strictSame(codes(instance({ state: "BACKUP", nopreempt: "true" })), []);
  t.strictSame(codes(`${PAIR}${instance({ state: "BACKUP" })}`), []);
  t.strictSame(codes(instance({ state: "BACKUP", priority: "255" })), ["6:12 warning state-hint"]);
  t.strictSame(codes(instance({ state: "FAULT" })), ["6:12 error unknown-value"]);
  t.end();
});

t.test("an excluded address is an address like the others", (t) => {
  t.strictSame(codes(instance({ virtual_ipaddress_excluded: "[192.0.2.100/24]" })), [
    "6:34 error duplicate-address",
  ]);
  t.strictSame(codes(instance({ virtual_ipaddress_excluded: '["192.0.2.101/24 dev eth9"]' })), [
    "6:34 warning interface-missing",
  ]);
  const server = "virtual_servers: [{ address: 192.0.2.101, port: 80 }]\n";
  t.strictSame(codes(`${instance({ virtual_ipaddress_excluded: "[192.0.2.101]" })}${server}`), []);
  t.end();
});
