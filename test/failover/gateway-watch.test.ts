/**
 * Goal: a gateway is asked in its rhythm, a process that is late does not blame it, and what was asked of one socket is
 * asked of another when the interface was made anew. Method: a clock and a network of the test's own.
 */

import t from "tap";
import type { Finding } from "../../src/core/track/model.ts";
import type { TrackedGateway } from "../../src/core/track/gateway.ts";
import type { Mac } from "../../src/core/units/mac.ts";
import { type Instant, seconds } from "../../src/core/units/time.ts";
import type { Interface } from "../../src/core/vrrp/surroundings.ts";
import { GatewayWatch } from "../../src/failover/gateway-watch.ts";
import type { DatagramHandler } from "../../src/linux/receiver.ts";
import { at, ip } from "../core/vrrp/story.ts";

const GATEWAY: TrackedGateway = {
  name: "up",
  address: ip("192.0.2.1"),
  family: 4,
  interface: "eth0",
  method: "arp",
  interval: seconds(1),
  timeout: seconds(0.2),
  rise: 1,
  fall: 2,
};

/** Time, an interface, and the gateway's side of the network. */
class Stage {
  now = at(1);
  index = 7;
  readonly findings: Finding[] = [];
  readonly questions: string[] = [];
  readonly open = new Map<number, { queue: Uint8Array[]; handler: DatagramHandler | undefined }>();
  readonly watch: GatewayWatch;
  #alarms: { at: Instant; ring: () => void }[] = [];
  #fd = 100;

  constructor() {
    const on: Omit<Interface, "index"> = {
      name: "eth0",
      up: true,
      mac: Uint8Array.of(2, 0, 0, 0, 0, 11) as Mac,
      addresses: [{ address: ip("192.0.2.11"), prefixLength: 24 }],
    };
    this.watch = new GatewayWatch({
      clock: {
        now: () => this.now,
        wallSeconds: () => 0,
        ringAt: (at, ring) => {
          const alarm = { at, ring };
          this.#alarms.push(alarm);
          return () => (this.#alarms = this.#alarms.filter((other) => other !== alarm));
        },
      },
      receiver: {
        add: (fd, handler) => {
          const socket = this.open.get(fd);
          if (socket !== undefined) socket.handler = handler;
        },
        remove: () => {},
        drain: (fd) => this.deliver(fd),
      },
      open: (method, _, name, index) => {
        const fd = (this.#fd += 1);
        this.open.set(fd, { queue: [], handler: undefined });
        return {
          receiveFd: fd,
          receive: () => undefined,
          ask: (bytes) => this.questions.push(`${this.now / 1e6} ${method} ${name} ${index} ${bytes.length}`),
          close: () => this.open.delete(fd),
        };
      },
      defaultRoutes: () => [],
      interfaces: () => new Map([["eth0", { ...on, index: this.index }]]),
      virtual: () => new Set(),
      found: (finding) => this.findings.push(finding),
      asked: () => {},
    });
  }

  /** Time passes, and what is due is done, `late` or not. */
  pass(until: number, late = false): void {
    for (;;) {
      const [next] = this.#alarms.filter((alarm) => alarm.at <= at(until)).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.now = late ? at(until) : next.at;
      this.#alarms = this.#alarms.filter((other) => other !== next);
      next.ring();
    }
    this.now = at(until);
  }

  /** The gateway's answer, in the socket's queue. */
  answer(): void {
    const mac = [2, 0, 0, 0, 0, 11];
    const frame = [...mac, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 2];
    for (const { queue } of this.open.values())
      queue.push(Uint8Array.of(...frame, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1, ...mac, 192, 0, 2, 11));
  }

  deliver(fd = this.#fd): void {
    const socket = this.open.get(fd);
    for (const bytes of socket?.queue.splice(0) ?? []) socket?.handler?.packet(bytes);
  }

  get words(): string[] {
    return this.findings.map(({ verdict, detail }) => `${String(verdict)}: ${detail}`);
  }
}

t.test("asked at once and then in its rhythm; the first answer decides, then `fall` failures", (t) => {
  const stage = new Stage();
  stage.watch.configure([GATEWAY]);
  stage.pass(1.01);
  stage.answer();
  stage.deliver();
  t.same(stage.words, ["true: 192.0.2.1 answered (arp) after 10.0 ms"]);
  stage.pass(2.3);
  t.equal(stage.words.length, 1, "one failure is forgiven");
  stage.pass(3.3);
  t.equal(stage.words[1], "false: no answer from 192.0.2.1");
  stage.pass(4);
  t.same(stage.questions, ["1 arp eth0 7 42", "2 arp eth0 7 42", "3 arp eth0 7 42", "4 arp eth0 7 42"]);
  stage.watch.close();
  stage.pass(9);
  t.equal(stage.questions.length, 4);
  t.equal(stage.open.size, 0);
  t.end();
});

t.test("an answer that has arrived counts, however late it is read", (t) => {
  const stage = new Stage();
  stage.watch.configure([{ ...GATEWAY, fall: 1 }]);
  stage.pass(1);
  for (const until of [5, 9, 13]) {
    stage.answer();
    stage.pass(until, true);
    t.equal(stage.findings.at(-1)?.verdict, true);
  }
  t.equal(stage.findings.length, 1);
  t.end();
});

t.test("an answer to a question that is over counts for nothing", (t) => {
  const stage = new Stage();
  stage.watch.configure([GATEWAY]);
  stage.pass(1.3);
  t.same(stage.words, ["false: no answer from 192.0.2.1"]);
  stage.answer();
  stage.deliver();
  t.equal(stage.findings.length, 1);
  t.end();
});

t.test("the same configuration again changes nothing, another begins anew", (t) => {
  const stage = new Stage();
  stage.watch.configure([GATEWAY]);
  stage.pass(1.5);
  stage.watch.configure([{ ...GATEWAY }]);
  stage.pass(1.9);
  t.equal(stage.questions.length, 1);
  stage.watch.configure([{ ...GATEWAY, interval: seconds(0.5) }]);
  stage.pass(2.6);
  t.same(stage.questions.slice(1), ["1.9 arp eth0 7 42", "2.4 arp eth0 7 42"]);
  t.end();
});

t.test("an interface that was made anew is asked by another socket", (t) => {
  const stage = new Stage();
  stage.watch.configure([GATEWAY]);
  stage.pass(1.5);
  stage.index = 8;
  stage.pass(2);
  t.same(stage.questions.at(-1), "2 arp eth0 8 42");
  t.equal(stage.open.size, 1);
  t.end();
});
