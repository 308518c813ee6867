/** Goal: counts are kept by name and labels, and each is taken once. Method: a few counts by hand. */

import t from "tap";
import { Counters } from "../../src/failover/counters.ts";

t.test("what is counted is told under its labels, once", (t) => {
  const counters = new Counters<"drift" | "adverts_sent">();
  counters.count("drift", { kind: "address" });
  counters.count("adverts_sent", { instance: "web" });
  counters.count("adverts_sent", { instance: "web" }, 4);
  counters.count("adverts_sent", { instance: "mail" });
  t.same(counters.take(), [
    { name: "drift", labels: { kind: "address" }, by: 1 },
    { name: "adverts_sent", labels: { instance: "web" }, by: 5 },
    { name: "adverts_sent", labels: { instance: "mail" }, by: 1 },
  ]);
  t.same(counters.take(), []);
  t.end();
});
