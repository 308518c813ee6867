/**
 * Goal: a master that hears a lesser one says so. Method: the better of two directors is stopped in its tracks until the
 * other has taken over, and goes on.
 */

import t from "tap";
import { Director, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

if (hasRoot(t, import.meta.url)) {
  t.test("it stood still, and finds another master", async (t) => {
    const lan = new Lan(t);
    const better = new Director(lan, lan.host("lvs1", 11));
    const lesser = new Director(lan, lan.host("lvs2", 12));
    await better.configure([web({ priority: 150 })]);
    await better.reaches("master");
    await lesser.configure([web({ priority: 100 })]);
    await lesser.reaches("backup");
    better.signal("SIGSTOP");
    await lesser.reaches("master");
    t.same(better.named("vrrp-lower-priority"), []);
    better.signal("SIGCONT");
    await lesser.reaches("backup");
    await until("it is told", () => better.named("vrrp-lower-priority").length > 0);
    t.match(better.named("vrrp-lower-priority")[0], {
      instance: "web",
      source: "192.0.2.12",
      theirs: 100,
      priority: 150,
    });
    t.same(lesser.named("vrrp-lower-priority"), []);
    t.equal(better.transitions.at(-1), "backup -> master (master-down)");
  });
}
