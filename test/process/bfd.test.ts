/**
 * Goal: two whole directors keep a BFD session with one another, from one file; a reload changes it without a flap, and a
 * failover process that dies comes back to it. Method: the pair as an operator starts it; the event log and `/metrics` are
 * the witnesses.
 */

import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, Pair, until } from "./pair.ts";

const withBfd = (keys: string) =>
  configuration(`
bfd_instances:
  peer:
    neighbor_ip: { lvs1: 192.0.2.12, lvs2: 192.0.2.11 }
    source_ip: { lvs1: 192.0.2.11, lvs2: 192.0.2.12 }
    multiplier: 10
    ${keys}
`);

if (hasRoot(t, import.meta.url)) {
  t.test("a pair with a session", async (t) => {
    const pair = new Pair(withBfd("min_tx: 100ms"));
    const { lvs1, lvs2 } = pair;
    t.teardown(() => pair.close());
    await lvs1.start();
    await lvs2.start();
    for (const director of [lvs1, lvs2]) await director.logged("bfd-up", 0, { session: "peer" });
    const up = 'relevo_bfd_session_state{session="peer",neighbor="192.0.2.12",state="up"}';
    await until("it is in the metrics", () => lvs1.metric(up) === 1);
    t.ok((lvs1.metric('relevo_bfd_packets_received_total{session="peer"}') ?? 0) > 0);
    t.ok((lvs1.metric('relevo_bfd_packets_sent_total{session="peer"}') ?? 0) > 0);
    t.equal(lvs1.metric('relevo_bfd_transitions_total{session="peer",to="up"}'), 1);

    await t.test("a reload changes the intervals, and nobody goes down", async (t) => {
      const from = lvs1.log.length;
      lvs1.write(withBfd("min_tx: 300ms"));
      lvs1.signal("SIGHUP");
      await lvs1.logged("config-loaded", from);
      const received = lvs2.metric('relevo_bfd_packets_received_total{session="peer"}') ?? 0;
      await until(
        "packets come all the same",
        () => (lvs2.metric('relevo_bfd_packets_received_total{session="peer"}') ?? 0) > received + 5,
      );
      for (const { log } of [lvs1, lvs2]) t.notOk(log.some(({ event }) => event === "bfd-down"));
    });

    await t.test("a failover process that dies comes back to it", async (t) => {
      const [mine, theirs] = [lvs1.log.length, lvs2.log.length];
      process.kill(lvs1.pid("failover"), "SIGKILL");
      await lvs2.logged("bfd-down", theirs);
      await lvs1.logged("bfd-up", mine);
      await lvs2.logged("bfd-up", theirs);
      t.equal(lvs1.metric(up), 1);
    });

    await t.test("a session that is taken out is closed, not lost", async (t) => {
      const from = lvs2.log.length;
      lvs1.write(configuration());
      lvs1.signal("SIGHUP");
      const down = await lvs2.logged("bfd-down", from);
      t.equal(down["neighbor_state"], "admin-down");
      await until("it is out of the metrics", () => lvs1.metric(up) === undefined);
    });

    lvs1.signal("SIGTERM");
    t.equal(await lvs1.ended(), 0);
    t.equal(lvs1.complaints, "");
  });
}
