/**
 * Goal: two routers with priority 255 on one network, a mistake, end with one holder. Method: two directors, then one and
 * keepalived 2.2.7 on either side of it; the kernels' addresses are the witness.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "./director.ts";
import { hasKeepalived, Keepalived } from "./keepalived.ts";
import { type Host, Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const owner = (changes: Parameters<typeof web>[0] = {}) => web({ priority: 255, ...changes });
const holders = (...hosts: readonly Host[]) => hosts.map((host) => host.holdsVip()).join(" ");

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  t.test(
    "two directors: the one of the lower address gives way, and is back when the other is gone",
    async (t) => {
      const lan = new Lan(t);
      const lower = new Director(lan, lan.host("lvs1", 11));
      const higher = new Director(lan, lan.host("lvs2", 12));
      await lower.configure([owner()]);
      await lower.reaches("master");
      await higher.configure([owner()]);
      await lower.reaches("backup");
      await until("one holder", () => holders(lower.host, higher.host) === "false true");
      t.equal(lower.transitions.at(-1), "master -> backup (duplicate-owner)");
      t.equal(lower.instances[0]?.priority, 254);
      t.match(lower.named("vrrp-duplicate-owner"), [{ instance: "web", source: "192.0.2.12" }]);
      t.same(higher.transitions, ["init -> master (owner)"]);

      const heard = lower.counted("adverts_received");
      await until("it hears ten adverts", () => lower.counted("adverts_received") >= heard + 10);
      t.equal(holders(lower.host, higher.host), "false true");
      await higher.stop();
      await lower.reaches("master");
      t.equal(lower.transitions.at(-1), "backup -> master (master-resigned)");
      t.equal(lower.instances[0]?.priority, 255);
    },
  );

  t.test("one that listens to nobody keeps the addresses, though its address is the lower one", async (t) => {
    const lan = new Lan(t);
    const deaf = new Director(lan, lan.host("lvs1", 11));
    const higher = new Director(lan, lan.host("lvs2", 12));
    await higher.configure([owner()]);
    await higher.reaches("master");
    await deaf.configure([owner({ ownerHeeds: "nobody" })]);
    await higher.reaches("backup");
    t.equal(higher.transitions.at(-1), "master -> backup (duplicate-owner)");
    await until("one holder", () => holders(deaf.host, higher.host) === "true false");
    t.same(deaf.transitions, ["init -> master (owner)"]);
    await until("counted", () => deaf.counted("adverts_discarded", { cause: "owner" }) > 0);
    await deaf.kill();
    await higher.reaches("master");
    t.equal(higher.transitions.at(-1), "backup -> master (master-down)");
  });

  const skip = hasKeepalived() ? {} : { skip: "keepalived is not installed" };
  for (const [ours, theirs] of [
    [11, 12],
    [12, 11],
  ] as const) {
    t.test(`Relevo at .${ours}, keepalived at .${theirs}`, { ...skip }, async (t) => {
      const lan = new Lan(t);
      const relevo = new Director(lan, lan.host("lvs1", ours));
      const options = { version: 3, priority: 255, advertInterval: 0.1 } as const;
      const peer = new Keepalived(lan, lan.host("lvs2", theirs), options);
      await relevo.configure([owner({ advertInterval: seconds(0.1), v3ChecksumAsV2: false })]);
      await relevo.reaches("master");
      peer.start();
      await until("it is told", () => relevo.named("vrrp-duplicate-owner").length > 0);
      await until("one holder", () => relevo.host.holdsVip() !== peer.host.holdsVip());
      const wasOurs = relevo.host.holdsVip();
      const before = relevo.counted(wasOurs ? "adverts_sent" : "adverts_received");
      await until(
        "thirty adverts",
        () => relevo.counted(wasOurs ? "adverts_sent" : "adverts_received") >= before + 30,
      );
      t.comment(`held by ${wasOurs ? "Relevo" : "keepalived"}; keepalived: ${peer.states.join(", ")}`);
      t.equal(relevo.host.holdsVip(), wasOurs, "nobody has changed his mind");
      t.not(peer.host.holdsVip(), wasOurs, "and there is one holder");
    });
  }
}
