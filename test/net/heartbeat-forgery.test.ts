/**
 * Goal: a heartbeat that fails any check is counted by its cause and acts on nothing. Method: a third host sends datagrams
 * in the name of a director, made from ones that tcpdump took off the wire: as they were, cut, changed, from another path,
 * from an earlier life; and from its own address.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { Forgery } from "./forger.ts";
import { heartbeatPacket, recorded } from "./heartbeat-packet.ts";
import { type Host, type Lan, plainEnvironment, until } from "./namespace.ts";
import { LinkedPair, SLOW } from "./pair-link.ts";
import { hasRoot } from "./root.ts";

function startForger(lan: Lan, host: Host): ChildProcess {
  const child = fork(fileURLToPath(new URL("forger.js", import.meta.url)), {
    serialization: "advanced",
    execPath: "ip",
    execArgv: [...host.inside(), process.execPath],
    env: plainEnvironment(),
  });
  return lan.own(child);
}

if (hasRoot(t, import.meta.url)) {
  t.test("each forgery is counted by its cause, and none acts", async (t) => {
    // A second, so that what is recorded stays within the window of 64 numbers.
    const link = { interval: seconds(1) };
    const pair = await new LinkedPair(t).start(SLOW, link);
    const { a, b, lan, probe } = pair;
    // What a says to b's first life echoes that one.
    const [former = new Uint8Array()] = await recorded(lan, b.host, "eth0", "192.0.2.11");
    await b.kill();
    b.events.splice(0);
    b.restart();
    await pair.configure(b, [SLOW], link);
    await pair.acquainted();
    const forger = startForger(lan, probe);
    const fire = async (payload: Uint8Array, from = 11) => {
      forger.send({ packet: heartbeatPacket("eth0", from, 12, payload) } satisfies Forgery);
      await once(forger, "message");
    };
    const [genuine = new Uint8Array()] = await recorded(lan, b.host, "eth0", "192.0.2.11");
    const [other = new Uint8Array()] = await recorded(lan, b.host, "eth1", "198.51.100.11");
    await b.nextReport();
    const states = [a.transitions, b.transitions];
    const changed = (at: number, by: number) => genuine.with(at, (genuine[at] ?? 0) ^ by);
    // The fresh sequence number makes it new; the code does not fit then.
    const forgeries: readonly (readonly [cause: string, bytes: Uint8Array])[] = [
      ["replayed", genuine],
      ["stale-boot", former],
      ["wrong-path", other],
      ["truncated", genuine.subarray(0, 90)],
      ["bad-magic", changed(0, 1)],
      ["future-version", changed(4, 3)],
      ["unknown-key", changed(5, 8)],
      ["wrong-node", changed(12, 1)],
      ["wrong-key", changed(37, 64)],
    ];
    for (const [cause, bytes] of forgeries) {
      const counted = () => b.counted("heartbeats_discarded", { path: "public", cause });
      const before = counted();
      await fire(bytes);
      await until(`${cause} is counted`, () => counted() > before);
      t.equal(counted(), before + 1, cause);
    }
    const received = () => b.counted("heartbeats_received", { path: "public" });
    const total = () => b.counted("heartbeats_discarded");
    const [discarded, heard] = [total(), received()];
    await fire(genuine, 13);
    await b.nextReport();
    t.equal(total(), discarded, "from its own address it does not even arrive");
    t.ok(received() <= heard + 4, "only what the peer itself has said meanwhile");
    t.same([a.transitions, b.transitions], states);
    t.same([...b.named("peer-restarted"), ...b.named("peer-silent"), ...b.named("heartbeat-path-lost")], []);
    t.equal(pair.holders(), "a");
    t.same(
      b.named("heartbeat-discarded").map(({ cause }) => cause),
      forgeries.map(([cause]) => cause).filter((cause) => cause !== "stale-boot"),
      "an operator is told once of each",
    );
  });

  t.test("no forgery keeps a dead director alive", async (t) => {
    const pair = await new LinkedPair(t).start(SLOW);
    const { a, b, lan, probe } = pair;
    const forger = startForger(lan, probe);
    const heartbeats = await recorded(lan, b.host, "eth0", "192.0.2.11", 3);
    await a.kill();
    const timer = setInterval(() => {
      for (const payload of heartbeats)
        forger.send({ packet: heartbeatPacket("eth0", 11, 12, payload) } satisfies Forgery);
    }, 50);
    t.teardown(() => clearInterval(timer));
    await b.reaches("master");
    t.equal(b.transitions.at(-1), "backup -> master (peer-silent)");
    clearInterval(timer);
  });
}
