/**
 * Goal: the pair's own link is driven as its state machine asks for it, and what it says reaches the instances in time and
 * in order. Method: two links with the shipped instances behind them, in virtual time; paths take 1 ms, addresses are there
 * at once, adverts go nowhere: whatever one director learns of the other it learns by heartbeat.
 *
 * `a` is lvs1 with priority 150, `b` lvs2 with 100; the paths are `public`, where the adverts would be, and `private`; 100 ms,
 * dead after 4. VRRP's own wait is an hour.
 */

import t from "tap";
import type { HeartbeatConfig } from "../../src/core/heartbeat/model.ts";
import type { FailoverCount } from "../../src/core/report/channel.ts";
import type { Event } from "../../src/core/report/event.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { after, type Instant, milliseconds, seconds } from "../../src/core/units/time.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Counters } from "../../src/failover/counters.ts";
import type { Clock } from "../../src/failover/clock.ts";
import { type Decision, Instance, type InstanceHands } from "../../src/failover/instance.ts";
import { hmacSha256 } from "../../src/failover/mac.ts";
import { Noticeboard } from "../../src/failover/noticeboard.ts";
import { PairLink } from "../../src/failover/pair-link.ts";
import { configOf, key, type Name } from "../core/heartbeat/pair.ts";
import { router } from "../core/vrrp/story.ts";

/** Time that the test lets pass. */
class VirtualClock implements Clock {
  #now = 0 as Instant;
  #bells: { readonly at: Instant; readonly ring: () => void }[] = [];

  now(): Instant {
    return this.#now;
  }

  wallSeconds(): number {
    return this.#now / 1_000_000;
  }

  ringAt(at: Instant, ring: () => void): () => void {
    const bell = { at, ring };
    this.#bells.push(bell);
    return () => {
      this.#bells = this.#bells.filter((other) => other !== bell);
    };
  }

  /** Lets so many milliseconds pass, or time up to where something holds; whether it does. */
  pass(ms: number, until: () => boolean = () => false): boolean {
    const end = after(this.#now, milliseconds(ms));
    for (;;) {
      if (until()) return true;
      const next = this.#bells.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > end) break;
      this.#bells = this.#bells.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at) as Instant;
      next.ring();
    }
    this.#now = end;
    return until();
  }
}

/** The socket of a path: where what comes on it is heard. */
interface Ear {
  readonly side: Side;
  readonly path: string;
  readonly local: IpAddress;
  datagram(bytes: Uint8Array, source: IpAddress): void;
  failed(error: Error | undefined): void;
}

/** The wires between two sides. */
class Wires {
  readonly clock = new VirtualClock();
  readonly ears = new Set<Ear>();
  /** Paths on which nothing arrives, and addresses that nobody hears. */
  readonly cut = new Set<string>();
  /** Every advert and every change of an address, in their order. */
  readonly done: string[] = [];

  carry(from: IpAddress, to: IpAddress, path: string, bytes: Uint8Array): void {
    const at = after(this.clock.now(), milliseconds(1));
    this.clock.ringAt(at, () => {
      if (this.cut.has(path) || this.cut.has(from)) return;
      for (const ear of this.ears) if (ear.local === to) ear.datagram(bytes, from);
    });
  }
}

let boots = 0n;

/** One director. */
class Side {
  readonly events: Event[] = [];
  readonly counters = new Counters<FailoverCount>();
  readonly config: HeartbeatConfig;
  readonly wires: Wires;
  /** Datagrams in the order in which they were sent, by their numbers. */
  readonly numbers: number[] = [];
  instances: Instance[] = [];
  /** How often the link has looked at them. */
  looks = 0;
  /** So many times yet is a forger's datagram there when the sockets are read. */
  forged = 0;
  /** Addresses are there before `add` returns. */
  quick = false;
  /** Where its adverts come from. */
  primary: IpAddress | undefined;
  link: PairLink;
  readonly #name: Name;

  constructor(wires: Wires, name: Name, changes: Partial<HeartbeatConfig> = {}) {
    this.wires = wires;
    this.#name = name;
    this.config = configOf(name, changes);
    this.primary = this.config.paths[0]?.local;
    this.link = this.#newLink();
  }

  get web(): Instance {
    const [first] = this.instances;
    if (first === undefined) throw new Error("no instance");
    return first;
  }

  /** Starts it with these instances; those in `masters` go on as masters. */
  start(routers: readonly VirtualRouter[], masters: readonly string[] = []): void {
    for (const one of routers) this.add(one, masters.includes(one.name));
    this.link.configure(this.config);
  }

  add(one: VirtualRouter, resume = false): void {
    const instance = new Instance(one, 0, this.#hands());
    this.instances = [...this.instances, instance];
    instance.dispatch({ type: "startup", faults: [], resume });
  }

  /** Its process dies; another is to be started. */
  restart(): void {
    for (const ear of this.wires.ears) if (ear.side === this) this.wires.ears.delete(ear);
    for (const instance of this.instances) instance.decide({ type: "shutdown" });
    this.instances = [];
    this.link = this.#newLink();
  }

  #forge(): void {
    this.forged -= 1;
    const ear = [...this.wires.ears].find(({ side }) => side === this);
    ear?.datagram(new Uint8Array(200), "192.0.2.12" as IpAddress);
  }

  told(name: Event["name"]): readonly Event["fields"][] {
    return this.events.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  get states(): readonly string[] {
    return this.instances.map(({ state }) => state.name);
  }

  counted(name: FailoverCount, labels: Readonly<Record<string, string>> = {}): number {
    const matching = this.counters
      .take()
      .filter(
        (count) =>
          count.name === name &&
          Object.entries(labels).every(([label, value]) => count.labels[label] === value),
      );
    return matching.reduce((sum, { by }) => sum + by, 0);
  }

  #newLink(): PairLink {
    const { wires } = this;
    const { clock } = wires;
    boots += 1n;
    const boot = boots;
    return new PairLink(
      {
        clock,
        hmac: hmacSha256,
        software: "1.0.0",
        boot: () => boot,
        open: ({ name: path, local, remote }, handler) => {
          const ear: Ear = { side: this, path, local, ...handler };
          wires.ears.add(ear);
          return {
            send: (bytes) => {
              if (!wires.ears.has(ear)) return;
              this.numbers.push(Buffer.from(bytes).readUIntBE(34, 6));
              wires.carry(local, remote, path, bytes);
            },
            close: () => void wires.ears.delete(ear),
          };
        },
        afterReading: (then) =>
          void clock.ringAt(clock.now(), () => {
            if (this.forged > 0) this.#forge();
            then();
          }),
        instances: () => {
          this.looks += 1;
          return this.instances;
        },
        primary: () => this.primary,
        event: (event) => this.events.push(event),
      },
      this.counters,
      new Noticeboard(),
    );
  }

  #hands(): InstanceHands {
    const { wires } = this;
    const { clock } = wires;
    const say = (what: string): void => void wires.done.push(`${this.#name} ${what}`);
    return {
      clock,
      send: ({ name }, { packet }) => say(`${name} advert ${packet[22]}`),
      add: ({ name }, _, done) => {
        say(`${name} add`);
        if (this.quick) done(true);
        else clock.ringAt(clock.now(), () => done(true));
      },
      remove: (_, done) => {
        say("remove");
        clock.ringAt(clock.now(), done);
      },
      route: () => {},
      announce: () => {},
      drain: () => {},
      primary: () => this.primary,
      held: () => [],
      event: (event) => this.events.push(event),
      transition: () => this.link.tellSoon(),
      late: () => {},
      stalled: () => {},
      companions: (instance) =>
        this.instances.filter(
          (other) =>
            other === instance ||
            (other.router.syncGroup !== undefined && other.router.syncGroup === instance.router.syncGroup),
        ),
      decided: (instance, decision) => this.link.decided(instance, decision),
    };
  }
}

const HOUR = seconds(3_600);

/** It wants to preempt. */
function asking({ state }: Instance): Decision {
  return {
    event: { type: "deadline" },
    before: state,
    effects: [{ type: "request-handover" }],
    heldBackBy: undefined,
  };
}

function web(side: Name, changes: Partial<VirtualRouter> = {}): VirtualRouter {
  return router({ priority: side === "a" ? 150 : 100, advertInterval: HOUR, ...changes });
}

/** A pair that has found each other; `a` is master. */
function pair(changes: Partial<HeartbeatConfig> = {}): { wires: Wires; a: Side; b: Side } {
  const wires = new Wires();
  const [a, b] = [new Side(wires, "a", changes), new Side(wires, "b", changes)];
  a.start([web("a")], ["web"]);
  b.start([web("b")]);
  wires.clock.pass(1_050);
  return { wires, a, b };
}

t.test("two directors find each other and hear how the other one stands", (t) => {
  const { a, b } = pair();
  t.equal(b.web.peer?.state, "master");
  t.equal(a.web.peer?.state, "backup");
  t.match(b.link.report(), {
    alive: true,
    skewed: false,
    paths: [{ state: "up" }, { state: "up" }],
  });
  t.same(b.told("heartbeat-discarded"), []);
  t.end();
});

t.test("datagrams go out in the order of their numbers, whatever is answered to what they say", (t) => {
  const wires = new Wires();
  const [a, b] = [new Side(wires, "a"), new Side(wires, "b")];
  b.quick = true;
  a.start([web("a"), web("a", { name: "other" })], ["web", "other"]);
  b.start([web("b"), web("b", { name: "other" })]);
  wires.clock.pass(550);
  // Both offers arrive in one datagram; one of them is refused, which a could not know.
  wires.cut.add("192.0.2.11").add("198.51.100.11").add("192.0.2.12").add("198.51.100.12");
  b.instances[1]?.dispatch({ type: "fault-raised", fault: "eth1 is down" });
  wires.clock.pass(2);
  b.numbers.splice(0);
  a.link.handOver(a.instances, () => {});
  wires.clock.pass(2);
  wires.cut.clear();
  wires.clock.pass(50);
  t.same(
    [a.states, b.states],
    [
      ["backup", "master"],
      ["master", "fault"],
    ],
  );
  t.same(
    b.numbers,
    b.numbers.toSorted((one, other) => one - other),
  );
  t.end();
});

t.test("a handover: the peer has the addresses before they go here, and nobody resigns", (t) => {
  const { wires, a, b } = pair();
  wires.done.splice(0);
  let ended = false;
  a.link.handOver(a.instances, () => {
    ended = true;
  });
  t.ok(wires.clock.pass(50, () => ended));
  t.same(wires.done, ["b web advert 100", "b web add", "a remove"]);
  t.same([a.states, b.states], [["backup"], ["master"]]);
  t.match(b.told("vrrp-transition").at(-1), { cause: "handover", detail: "lvs1" });
  t.equal(a.counted("handovers", { role: "giver", result: "done" }), 1);
  t.equal(b.counted("handovers", { role: "taker", result: "done" }), 1);
  t.end();
});

t.test("a sync group is handed over as one, and one that the peer refuses keeps no other here", (t) => {
  const wires = new Wires();
  const [a, b] = [new Side(wires, "a"), new Side(wires, "b")];
  const routers = (side: Name) => [
    web(side, { name: "out", syncGroup: "lan" }),
    web(side, { name: "in", syncGroup: "lan" }),
    web(side, { name: "alone" }),
  ];
  a.start(routers("a"), ["out", "in", "alone"]);
  b.start(routers("b"));
  wires.clock.pass(500);
  b.instances[2]?.dispatch({ type: "fault-raised", fault: "eth2 is down" });
  wires.clock.pass(500);
  let ended = false;
  a.link.handOver(a.instances, () => {
    ended = true;
  });
  t.ok(wires.clock.pass(60, () => ended));
  t.same(a.states, ["backup", "backup", "master"]);
  t.same(b.states, ["master", "master", "fault"]);
  t.match(a.told("handover-failed"), [{ kind: "offer", reason: "fault", instances: "alone" }]);
  t.end();
});

t.test("who waits for a handover to a peer that does not answer is told within 50 ms", (t) => {
  const { wires, a } = pair();
  wires.cut.add("public").add("private");
  let ended = false;
  a.link.handOver(a.instances, () => {
    ended = true;
  });
  t.notOk(wires.clock.pass(49, () => ended));
  t.ok(wires.clock.pass(2, () => ended));
  t.match(a.told("handover-failed"), [{ reason: "timeout" }]);
  t.equal(a.web.state.name, "master", "what becomes of it is for others to say");
  t.end();
});

t.test("two that are master after a handover that came to nothing settle by heartbeat", (t) => {
  const { wires, a, b } = pair();
  // b takes, and a never hears that it has.
  wires.cut.add("192.0.2.12").add("198.51.100.12");
  a.link.handOver(a.instances, () => {});
  wires.clock.pass(60);
  t.same([a.states, b.states], [["master"], ["master"]]);
  t.ok(wires.clock.pass(500, () => b.web.state.name === "backup"));
  t.equal(a.web.state.name, "master");
  t.match(b.told("split-brain"), [{ instance: "web" }]);
  t.end();
});

t.test("a master that stops tells before it hands over, and takes nothing back", (t) => {
  const { wires, a, b } = pair();
  b.link.leave();
  a.link.handOver(a.instances, () => {});
  wires.clock.pass(60);
  t.same([a.states, b.states], [["master"], ["backup"]]);
  t.match(a.told("handover-failed"), [{ reason: "stopping" }]);
  t.equal(a.told("peer-stopping").length, 1);
  t.end();
});

t.test("a master whose instance is gone has let go of it", (t) => {
  const { wires, a, b } = pair();
  a.web.dispatch({ type: "shutdown" });
  a.instances = [];
  a.link.close();
  wires.clock.pass(5);
  t.match(b.told("vrrp-transition").at(-1), { cause: "peer-let-go", detail: "init" });
  t.equal(b.web.peer, undefined, "and there is no word of it any more");
  t.end();
});

t.test(
  "a peer that was started anew as a backup has let go; what it does not know any more is forgotten",
  (t) => {
    const wires = new Wires();
    const [a, b] = [new Side(wires, "a"), new Side(wires, "b")];
    const routers = (side: Name) => [web(side), web(side, { name: "other" })];
    a.start(routers("a"), ["web", "other"]);
    b.start(routers("b"));
    wires.clock.pass(500);
    a.restart();
    a.start([web("a")]);
    wires.clock.pass(50);
    t.match(b.told("vrrp-transition").at(-1), { instance: "web", cause: "peer-let-go" });
    t.equal(b.instances[1]?.peer, undefined);
    t.equal(b.told("peer-restarted").length, 1);
    t.end();
  },
);

t.test("a peer that was started anew and went on as master is left alone", (t) => {
  const { wires, a, b } = pair();
  a.restart();
  a.start([web("a")], ["web"]);
  wires.clock.pass(500);
  t.equal(b.told("peer-restarted").length, 1);
  t.equal(b.web.state.name, "backup");
  t.equal(b.web.peer?.state, "master");
  t.end();
});

t.test("silence of all paths is a takeover, of one of them is not", (t) => {
  const { wires, b } = pair();
  wires.cut.add("private");
  wires.clock.pass(1_050);
  t.same(
    b.told("heartbeat-path-lost").map(({ path }) => path),
    ["private"],
  );
  t.equal(b.web.state.name, "backup");
  wires.cut.add("public");
  // 400 ms from the last word on, and 10 ms for an answer on the segment.
  t.notOk(wires.clock.pass(300, () => b.web.state.name === "master"));
  t.ok(wires.clock.pass(120, () => b.web.state.name === "master"));
  t.match(b.told("peer-silent"), [{ peer: "lvs1", takeover: true }]);
  t.end();
});

t.test("a master that stood still speaks before its heartbeat comes: its silence was one", (t) => {
  for (const isHeard of [true, false]) {
    const { wires, a, b } = pair();
    wires.cut.add("public").add("private");
    t.ok(wires.clock.pass(500, () => b.states[0] === "master"));
    const source = "192.0.2.11" as IpAddress;
    const advert = { version: 3, vrid: 51, priority: 50, advertInterval: HOUR, addresses: [] } as const;
    for (let count = 0; count < 2; count += 1) b.web.dispatch({ type: "advert", advert, source });
    if (isHeard) wires.cut.clear();
    wires.clock.pass(150);
    t.equal(b.told("peer-heard").length, isHeard ? 2 : 1);
    t.equal(b.told("takeover-contradicted").length, isHeard ? 0 : 1);
    a.restart();
  }
  t.end();
});

t.test("an instance that comes later hears what the peer has said of it before", (t) => {
  const wires = new Wires();
  const [a, b] = [new Side(wires, "a"), new Side(wires, "b")];
  a.start([web("a")], ["web"]);
  b.start([]);
  wires.clock.pass(500);
  b.add(web("b"));
  b.link.configure(b.config);
  t.equal(b.web.peer?.state, "master");
  t.end();
});

t.test("new paths: what was said on the old ones is forgotten until the new ones say it again", (t) => {
  const { wires, b } = pair();
  const moved = configOf("b", {
    paths: [{ name: "public", local: "192.0.2.22" as IpAddress, remote: "192.0.2.11" as IpAddress }],
  });
  b.link.configure(moved);
  t.equal(b.web.peer, undefined);
  t.same(
    [...wires.ears].filter(({ side }) => side === b).map(({ local }) => local),
    ["192.0.2.22"],
  );
  b.link.configure(b.config);
  wires.clock.pass(200);
  t.equal(b.web.peer?.state, "master");
  t.equal(b.told("peer-restarted").length, 0);
  t.end();
});

t.test("another interval and other keys take effect in place", (t) => {
  const { wires, a, b } = pair();
  a.numbers.splice(0);
  for (const side of [a, b])
    side.link.configure({ ...side.config, keys: [key(2), key(1)], interval: milliseconds(20) });
  wires.clock.pass(1_050);
  t.ok(a.numbers.length > 90, "50 a second on each of two paths");
  t.same([a.states, b.states], [["master"], ["backup"]]);
  t.same([...a.told("peer-restarted"), ...b.told("peer-silent"), ...b.told("heartbeat-discarded")], []);
  t.end();
});

t.test("without a link nobody holds anybody back", (t) => {
  const { a, b } = pair();
  b.link.configure(undefined);
  t.equal(b.web.peer, undefined);
  t.equal(b.link.report(), undefined);
  let ended = false;
  a.link.configure(undefined);
  a.link.handOver(a.instances, () => {
    ended = true;
  });
  t.ok(ended);
  t.end();
});

t.test("datagrams that come all the time do not put off what is due", (t) => {
  const { wires, a } = pair();
  a.forged = 1_000;
  a.numbers.splice(0);
  wires.clock.pass(1_000);
  t.ok(a.numbers.length >= 20, `${a.numbers.length} datagrams, ten rounds on two paths`);
  t.ok(a.forged > 900, "one datagram does not lead to another look at the same deadline");
  t.ok(a.counted("heartbeats_discarded", { path: "public", cause: "bad-magic" }) >= 10);
  t.equal(a.told("heartbeat-discarded").length, 1, "an operator is told once");
  t.end();
});

t.test("nothing is told while nothing changes", (t) => {
  const { wires, a } = pair();
  a.numbers.splice(0);
  a.looks = 0;
  for (let advert = 0; advert < 100; advert += 1) {
    a.web.dispatch({ type: "deadline" });
    wires.clock.pass(1);
  }
  t.ok(a.numbers.length <= 4, "the rounds of 100 ms, and no more");
  t.equal(a.looks, 0, "and nobody has looked whether there is anything to tell");
  t.end();
});

t.test("a socket that fails is told once, until it works again", (t) => {
  const { wires, a } = pair();
  const [ear] = [...wires.ears].filter(({ side }) => side === a);
  for (const error of [new Error("bind EADDRNOTAVAIL"), new Error("bind EADDRNOTAVAIL"), undefined])
    ear?.failed(error);
  t.same(a.told("heartbeat-socket-failed"), [{ path: "public", error: "bind EADDRNOTAVAIL" }]);
  ear?.failed(new Error("send EPERM"));
  t.equal(a.told("heartbeat-socket-failed").length, 2);
  t.end();
});

t.test("hundreds of instances: one voice for each turn of the loop, none is left behind", (t) => {
  for (const isAsked of [false, true]) {
    const wires = new Wires();
    const [a, b] = [new Side(wires, "a"), new Side(wires, "b")];
    const names = Array.from({ length: 200 }, (_, index) => `web${index}`);
    const better = isAsked ? "b" : "a";
    const routers = (side: Name) =>
      names.map((name) => web(side, { name, priority: side === better ? 150 : 100 }));
    a.start(routers("a"), names);
    b.start(routers("b"));
    wires.clock.pass(1_050);
    const before = a.numbers.length + b.numbers.length;
    if (isAsked) for (const instance of b.instances) b.link.decided(instance, asking(instance));
    else a.link.handOver(a.instances, () => {});
    t.ok(wires.clock.pass(900, () => a.states.every((state) => state === "backup")));
    t.ok(b.states.every((state) => state === "master"));
    t.same([...a.told("handover-failed"), ...b.told("handover-failed")], []);
    const said = a.numbers.length + b.numbers.length - before;
    t.ok(said <= 400, `${said} datagrams, two for each instance at the most`);
  }
  t.end();
});

t.test("a peer that speaks from another address than its path's is no third router", (t) => {
  const wires = new Wires();
  const [a, b] = [new Side(wires, "a"), new Side(wires, "b")];
  a.primary = "192.0.2.5" as IpAddress;
  a.start([web("a")], ["web"]);
  b.start([web("b")]);
  wires.clock.pass(500);
  t.equal(b.web.peer?.primary, "192.0.2.5");
  const advert = { version: 3, vrid: 51, priority: 150, advertInterval: HOUR, addresses: [] } as const;
  b.web.dispatch({ type: "advert", advert, source: a.primary });
  a.web.dispatch({ type: "fault-raised", fault: "interface eth0 is down" });
  t.ok(wires.clock.pass(30, () => b.web.state.name === "master"));
  t.end();
});

t.test("another address to speak from is told", (t) => {
  const { wires, a, b } = pair();
  a.primary = "192.0.2.5" as IpAddress;
  a.link.tellSoon();
  wires.clock.pass(5);
  t.equal(b.web.peer?.primary, "192.0.2.5");
  t.end();
});
