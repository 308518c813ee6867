/**
 * Goal: programs are told what becomes of virtual and real servers: one at a time, each state once, the last one last,
 * and with omega also that all of it goes.
 * Method: shell scripts that write down what they find.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { BalancerReport } from "../../src/core/report/channel.ts";
import { type Event, event } from "../../src/core/report/event.ts";
import type { NotifyScript } from "../../src/core/supervision/notify.ts";
import type { ServiceNotify } from "../../src/core/supervision/service-notify.ts";
import { seconds } from "../../src/core/units/time.ts";
import { ServiceNotifier } from "../../src/supervisor/service-notifier.ts";

const VIRTUAL = "tcp 192.0.2.100:80";
const [REAL, OTHER] = ["198.51.100.21:80", "198.51.100.22:80"];
const US = {
  name: "us",
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
};

function script(text: string): NotifyScript {
  return { command: ["/bin/sh", "-c", text], user: US };
}

class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), "relevo-services-"));
  readonly said = join(this.folder, "said");
  readonly events: Event[] = [];
  readonly piped: string[] = [];
  readonly runs: string[] = [];
  readonly notifier = new ServiceNotifier({
    event: (happened) => this.events.push(happened),
    line: (line) => this.piped.push(line),
    ran: (virtual, program, ok) => this.runs.push(`${virtual} ${program} ${ok}`),
  });

  constructor(t: { teardown(end: () => void): void }) {
    t.teardown(() => {
      this.notifier.abandon();
      rmSync(this.folder, { recursive: true });
    });
  }

  /** All programs write a line of their environment. */
  configure(changes: Partial<ServiceNotify> = {}, reals = [REAL, OTHER]): void {
    const says = script(`echo "$RELEVO_VIRTUAL/$RELEVO_REAL $RELEVO_STATE $RELEVO_CAUSE" >> ${this.said}`);
    const scripts = { up: says, down: says };
    const realServers = reals.map((real) => ({ real, word: `R ${real}`, scripts }));
    const service = {
      virtual: VIRTUAL,
      word: "V",
      quorum: scripts,
      realServers,
      omega: false,
      timeout: seconds(60),
    };
    this.notifier.configure([{ ...service, ...changes }]);
  }

  real(up: boolean, detail = "a check", real = REAL): void {
    this.notifier.onEvent(
      event(up ? "real-server-up" : "real-server-down", { virtual: VIRTUAL, real, detail }),
    );
  }

  report(quorum: boolean, ...up: readonly string[]): void {
    const realServers = [REAL, OTHER].map((real) => ({
      virtual: VIRTUAL,
      real,
      up: up.includes(real),
      weight: 1,
      configuredWeight: 1,
    }));
    const virtualServers = [{ virtual: VIRTUAL, hasQuorum: quorum }];
    this.notifier.onReport({
      virtualServers,
      realServers,
      connections: [],
      realServersUntold: 0,
      syncDaemons: [],
      drains: [],
      checks: [],
      counts: [],
      lateness: [],
    } satisfies BalancerReport);
  }

  lines(): string[] {
    return existsSync(this.said) ? readFileSync(this.said, "utf8").split("\n").slice(0, -1) : [];
  }

  async until(count: number): Promise<void> {
    for (let patience = 1_000; this.lines().length < count && patience > 0; patience -= 1) await delay(10);
  }
}

t.test(
  "a real server's and a virtual server's programs find what happened in their environment",
  async (t) => {
    const desk = new Desk(t);
    desk.configure();
    desk.real(false, "no connection");
    desk.notifier.onEvent(event("quorum-lost", { virtual: VIRTUAL, weight: 0, threshold: 1 }));
    desk.notifier.onEvent(event("check-failed", { virtual: VIRTUAL, real: REAL }));
    await desk.notifier.stop();
    t.strictSame(desk.lines().toSorted(), [
      "tcp 192.0.2.100:80/ down ",
      "tcp 192.0.2.100:80/198.51.100.21:80 down no connection",
    ]);
    t.strictSame(desk.runs.toSorted(), [
      "tcp 192.0.2.100:80 notify_down true",
      "tcp 192.0.2.100:80 quorum_down true",
    ]);
    t.match(
      desk.events.find(({ fields }) => fields["real"] === REAL),
      { name: "notify-done", fields: { virtual: VIRTUAL, state: "down", sequence: 1, program: "/bin/sh" } },
    );
  },
);

t.test("a state is told once, and what comes and goes meanwhile is left out", async (t) => {
  const desk = new Desk(t);
  const gate = join(desk.folder, "gate");
  const slow = script(`while [ ! -e ${gate} ]; do sleep 0.02; done; echo $RELEVO_STATE >> ${desk.said}`);
  desk.configure({ realServers: [{ real: REAL, word: `R ${REAL}`, scripts: { up: slow, down: slow } }] });
  desk.real(false);
  desk.real(false, "said again by a balancer that was started again");
  for (const up of [true, false, true]) desk.real(up);
  writeFileSync(gate, "");
  await desk.notifier.stop();
  t.strictSame(desk.lines(), ["down", "up"]);
  const piped = ["DOWN", "UP", "DOWN", "UP"].map((state) => `RS R ${REAL} V ${state}\n`);
  t.strictSame(desk.piped, piped, "pipes get all of them, and what is said again not twice");
});

t.test("with omega all that was up is told to be down, without it nothing", async (t) => {
  for (const omega of [true, false]) {
    const desk = new Desk(t);
    desk.configure({ omega });
    desk.report(true, REAL);
    await desk.notifier.stop();
    t.strictSame(
      desk.lines().toSorted(),
      omega
        ? [
            "tcp 192.0.2.100:80/ down relevo is stopping",
            "tcp 192.0.2.100:80/198.51.100.21:80 down relevo is stopping",
          ]
        : [],
    );
  }
});

t.test("what was up and is not configured any more is told to be down", async (t) => {
  const desk = new Desk(t);
  desk.configure();
  desk.report(true, REAL);
  desk.configure({}, [OTHER]);
  await desk.until(1);
  desk.real(true);
  desk.notifier.configure([]);
  await desk.notifier.stop();
  t.strictSame(desk.lines().toSorted(), [
    "tcp 192.0.2.100:80/ down it is not configured any more",
    "tcp 192.0.2.100:80/198.51.100.21:80 down it is not configured any more",
  ]);
});

t.test("a program that fails is told", async (t) => {
  const desk = new Desk(t);
  desk.configure({ quorum: { up: script("exit 3"), down: undefined } });
  desk.notifier.onEvent(event("quorum-gained", { virtual: VIRTUAL, weight: 1, threshold: 1 }));
  await desk.notifier.stop();
  t.match(desk.events, [{ name: "notify-failed", fields: { virtual: VIRTUAL, state: "up" } }]);
  t.strictSame(desk.runs, ["tcp 192.0.2.100:80 quorum_up false"]);
});
