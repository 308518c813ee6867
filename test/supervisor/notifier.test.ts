/**
 * Goal: scripts hear of an instance's states in order, one at a time, in keepalived's words and with the documented
 * environment; a pipe gets a line for each state, and nobody who does not read or does not end holds anything up.
 * Method: shell scripts that write down what they see; a named pipe read by the test; mkfifo(1) and stat(2) as witnesses.
 */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { Event } from "../../src/core/report/event.ts";
import type {
  GroupNotify,
  InstanceNotify,
  NotifyFifo,
  NotifyScript,
} from "../../src/core/supervision/notify.ts";
import { milliseconds, seconds } from "../../src/core/units/time.ts";
import { Notifier } from "../../src/supervisor/notifier.ts";
import { NotifyPipes } from "../../src/supervisor/notify-pipes.ts";

const { username: name, uid, gid } = userInfo();
const ME = { name, uid, gid };

function script(text: string): NotifyScript {
  return { command: ["/bin/sh", "-c", text, "notify"], user: ME };
}

/** Waits for a condition, with a generous deadline. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await delay(10);
  }
}

function instance(changes: Partial<InstanceNotify> = {}): InstanceNotify {
  const none = { scripts: {}, always: undefined, priorityChanges: false, lowerPriority: undefined };
  return { instance: "web", ...none, timeout: seconds(60), ...changes };
}

function fifo(path: string, changes: Partial<NotifyFifo> = {}): NotifyFifo {
  return { path, owner: ME, about: ["instances"], reader: undefined, ...changes };
}

class Desk {
  readonly folder: string;
  readonly events: Event[] = [];
  readonly runs: string[] = [];
  dropped = 0;
  readonly notifier: Notifier;
  readonly pipes: NotifyPipes;

  constructor(t: { teardown(action: () => void): void }) {
    this.folder = mkdtempSync("/tmp/relevo-notify-");
    this.pipes = new NotifyPipes(join(this.folder, "run"), {
      event: (event) => this.events.push(event),
      dropped: (_, count) => (this.dropped += count),
    });
    this.notifier = new Notifier({
      event: (event) => this.events.push(event),
      line: (line) => this.pipes.tell("instances", line),
      ran: (instance, state, ok) => this.runs.push(`${instance} ${state} ${ok ? "ok" : "failed"}`),
    });
    t.teardown(() => {
      this.notifier.abandon();
      rmSync(this.folder, { recursive: true });
    });
  }

  configure(changes: Partial<InstanceNotify>, fifos: readonly NotifyFifo[] = []): void {
    this.pipes.configure(fifos);
    this.notifier.configure({ instances: [instance(changes)], groups: [] });
  }

  /** As the supervisor stops them. */
  async stop(): Promise<void> {
    await this.notifier.stop();
    await this.pipes.close();
  }

  /** What scripts have written to `file`, a line each. */
  lines(file = "said"): readonly string[] {
    const path = join(this.folder, file);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  }
}

t.test(
  "the state's own script, then `notify` with keepalived's arguments, each with its environment",
  async (t) => {
    const desk = new Desk(t);
    const said = join(desk.folder, "said");
    const environment =
      "$RELEVO_INSTANCE $RELEVO_PREVIOUS_STATE $RELEVO_STATE $RELEVO_CAUSE $RELEVO_PRIORITY $RELEVO_SEQUENCE";
    desk.configure({
      scripts: { backup: script(`echo "own $# ${environment}" >> ${said}`) },
      always: script(`echo "all $*" >> ${said}; env | grep -c ^HOME >> ${said}`),
    });
    desk.notifier.onTransition("web", "backup", "startup", 150);
    await until("both have run", () => desk.runs.length === 2);
    desk.notifier.onTransition("web", "master", "master-down", 150);
    await until("it has run", () => desk.runs.length === 3);
    t.same(desk.lines(), [
      "own 0 web init backup startup 150 1",
      "all INSTANCE web BACKUP 150",
      "0",
      "all INSTANCE web MASTER 150",
      "0",
    ]);
    t.same(desk.runs, ["web backup ok", "web backup failed", "web master failed"], "grep -c finds none");
    t.match(desk.events[1], { name: "notify-failed", fields: { state: "backup", detail: "exit status 1" } });
  },
);

t.test("one at a time, and the last state is told last", async (t) => {
  const desk = new Desk(t);
  const [said, gate] = [join(desk.folder, "said"), join(desk.folder, "gate")];
  const overlap = `mkdir ${desk.folder}/lock || echo overlap >> ${said}`;
  const wait = `while [ ! -e ${gate} ]; do sleep 0.01; done`;
  desk.configure({ always: script(`${overlap}; echo $3 >> ${said}; ${wait}; rmdir ${desk.folder}/lock`) });
  desk.notifier.onTransition("web", "backup", "startup", 100);
  await until("the first runs", () => desk.lines().length === 1);
  desk.notifier.onTransition("web", "master", "master-down", 100);
  desk.notifier.onTransition("web", "backup", "higher-priority", 100);
  desk.notifier.onTransition("web", "master", "master-down", 100);
  writeFileSync(gate, "");
  await until("both have run", () => desk.runs.length === 2);
  t.same(desk.lines(), ["BACKUP", "MASTER"]);
});

t.test("one that hangs is killed in time, and the next state is told", async (t) => {
  const desk = new Desk(t);
  desk.configure({
    scripts: { master: script("echo hanging; sleep 300"), backup: script("exit 0") },
    timeout: milliseconds(500),
  });
  desk.notifier.onTransition("web", "master", "owner", 255);
  desk.notifier.onTransition("web", "backup", "higher-priority", 254);
  await until("both have ended", () => desk.runs.length === 2);
  t.same(desk.runs, ["web master failed", "web backup ok"]);
  t.match(desk.events, [
    {
      name: "notify-failed",
      fields: { program: "/bin/sh", detail: "not done within 0.5 s", output: '"hanging"' },
    },
    { name: "notify-done", fields: { state: "backup", sequence: 2, detail: "exit status 0" } },
  ]);
});

t.test("a stop waits for the stop's script, and tells it once", async (t) => {
  const desk = new Desk(t);
  const said = join(desk.folder, "said");
  desk.configure({ scripts: { stop: script(`sleep 0.3; echo stopped >> ${said}`) } });
  desk.notifier.onTransition("web", "master", "owner", 255);
  desk.notifier.onTransition("web", "init", "shutdown", 255);
  await desk.stop();
  t.same(desk.lines(), ["stopped"]);
});

t.test("an instance whose last word is lost is told its stop all the same", async (t) => {
  const desk = new Desk(t);
  const said = join(desk.folder, "said");
  desk.configure({ always: script(`echo $3 $RELEVO_CAUSE >> ${said}`) });
  desk.notifier.onTransition("web", "master", "owner", 255);
  await until("it is told", () => desk.lines().length === 1);
  desk.notifier.onFailoverAway();
  await until("it is told", () => desk.lines().length === 2);
  desk.notifier.onFailoverAway();
  await desk.stop();
  t.same(desk.lines(), ["MASTER owner", "FAULT process-died", "STOP shutdown"]);
});

t.test("an instance that a new configuration leaves out is told its stop", async (t) => {
  const desk = new Desk(t);
  const said = join(desk.folder, "said");
  desk.configure({ always: script(`echo $3 >> ${said}`) });
  desk.notifier.onTransition("web", "backup", "startup", 100);
  desk.notifier.configure({ instances: [], groups: [] });
  desk.notifier.onTransition("web", "init", "shutdown", 100);
  await desk.stop();
  t.equal(desk.lines().at(-1), "STOP");
});

t.test("who does not wait kills what runs", async (t) => {
  const desk = new Desk(t);
  desk.configure({ always: script("sleep 300") });
  desk.notifier.onTransition("web", "backup", "startup", 100);
  desk.notifier.abandon();
  await desk.stop();
  t.same(desk.runs, ["web backup failed", "web stop failed"]);
});

t.test("changes of priority, where they are asked for, and a lesser master", async (t) => {
  const desk = new Desk(t);
  const said = join(desk.folder, "said");
  desk.configure({
    always: script(`echo $3 $4 >> ${said}`),
    lowerPriority: script(`echo again $RELEVO_STATE $RELEVO_PRIORITY >> ${said}`),
    priorityChanges: true,
  });
  const tell = async (happens: () => void) => {
    const before = desk.runs.length;
    happens();
    await until("it has run", () => desk.runs.length > before);
  };
  desk.notifier.onSign("web", "priority", 90);
  await tell(() => desk.notifier.onTransition("web", "master", "master-down", 100));
  await tell(() => desk.notifier.onSign("web", "priority", 90));
  await tell(() => desk.notifier.onSign("web", "lower-priority", 90));
  await tell(() => desk.notifier.onTransition("web", "fault", "fault", 90));
  desk.notifier.onSign("web", "priority", 80);
  desk.configure({ always: script(`echo $3 $4 >> ${said}`) });
  await tell(() => desk.notifier.onTransition("web", "backup", "fault-cleared", 80));
  desk.notifier.onSign("web", "priority", 100);
  await desk.stop();
  t.same(desk.lines(), [
    "MASTER 100",
    "MASTER_PRIORITY 90",
    "again master 90",
    "FAULT 90",
    "BACKUP 80",
    "STOP 100",
  ]);
});

t.test("a sync group is told when its members agree, on the pipe and to its programs", async (t) => {
  const desk = new Desk(t);
  const [said, path] = [join(desk.folder, "said"), join(desk.folder, "pipe")];
  const lan: GroupNotify = {
    group: "lan",
    members: ["web", "inner"],
    scripts: { master: script(`echo group $RELEVO_GROUP $RELEVO_STATE >> ${said}`) },
    always: script(`echo $* >> ${said}`),
    timeout: seconds(60),
  };
  desk.notifier.configure({
    instances: [instance(), instance({ instance: "inner" })],
    groups: [lan],
  });
  desk.pipes.configure([fifo(path)]);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  for (const name of ["web", "inner"]) desk.notifier.onTransition(name, "backup", "startup", 100);
  await until("it is told", () => desk.runs.length === 1);
  for (const name of ["inner", "web"]) desk.notifier.onTransition(name, "master", "master-down", 100);
  await until("it is told", () => desk.runs.length === 3);
  t.same(desk.lines(), ["GROUP lan BACKUP 0", "group lan master", "GROUP lan MASTER 0"]);
  await desk.stop();
  t.equal(desk.lines().at(-1), "GROUP lan STOP 0");
  t.same(readPipe(fd).trim().split("\n"), [
    'INSTANCE "web" BACKUP 100',
    'INSTANCE "inner" BACKUP 100',
    'GROUP "lan" BACKUP 0',
    'INSTANCE "inner" MASTER 100',
    'INSTANCE "web" MASTER 100',
    'GROUP "lan" MASTER 0',
    'INSTANCE "web" STOP 100',
    'INSTANCE "inner" STOP 100',
    'GROUP "lan" STOP 0',
  ]);
});

t.test(
  "a sync group that goes with its members is told its stop; one that only goes is told nothing",
  async (t) => {
    const desk = new Desk(t);
    const said = join(desk.folder, "said");
    const always = script(`echo $* >> ${said}`);
    const group = (name: string, ...members: readonly string[]): GroupNotify => ({
      group: name,
      members,
      scripts: {},
      always,
      timeout: seconds(60),
    });
    const instances = ["web", "inner", "mail"].map((name) => instance({ instance: name }));
    desk.notifier.configure({ instances, groups: [group("lan", "web", "inner"), group("post", "mail")] });
    for (const { instance: name } of instances) desk.notifier.onTransition(name, "backup", "startup", 100);
    await until("both are told", () => desk.runs.length === 2);
    desk.notifier.configure({ instances: instances.slice(2), groups: [] });
    // Another reload before the stops arrive.
    desk.notifier.configure({ instances: instances.slice(2), groups: [] });
    for (const name of ["web", "inner"]) desk.notifier.onTransition(name, "init", "shutdown", 100);
    desk.notifier.onTransition("mail", "master", "master-down", 100);
    await until("it is told", () => desk.runs.length === 3);
    t.same(desk.lines().slice(2), ["GROUP lan STOP 0"]);
    desk.notifier.configure({ instances: instances.slice(2), groups: [] });
    await desk.stop();
    t.equal(desk.lines().length, 3, "once");
  },
);

function readPipe(fd: number): string {
  const bytes = Buffer.alloc(1 << 20);
  let text = "";
  for (;;) {
    try {
      const length = readSync(fd, bytes);
      if (length === 0) return text;
      text += bytes.toString("utf8", 0, length);
    } catch {
      return text;
    }
  }
}

t.test("a pipe is made, gets a line for each state, and is taken away", async (t) => {
  const desk = new Desk(t);
  const path = join(desk.folder, "pipe");
  desk.configure({}, [fifo(path)]);
  t.ok(statSync(path).isFIFO());
  t.equal((statSync(path).mode & 0o777).toString(8), "600");
  t.equal(statSync(path).uid, uid);
  desk.notifier.onTransition("web", "backup", "startup", 100);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  t.equal(readPipe(fd), 'INSTANCE "web" BACKUP 100\n', "also what came before the reader");
  desk.notifier.onTransition("web", "master", "master-down", 100);
  await desk.stop();
  t.equal(readPipe(fd), 'INSTANCE "web" MASTER 100\nINSTANCE "web" STOP 100\n');
  t.notOk(existsSync(path));
});

t.test("a reader who does not read holds nothing up, and misses the oldest lines", async (t) => {
  const desk = new Desk(t);
  const path = join(desk.folder, "pipe");
  desk.configure({}, [fifo(path)]);
  const count = 10_000;
  for (let n = 0; n < count; n += 1) desk.notifier.onTransition("web", "backup", "startup", n % 255);
  desk.notifier.onTransition("web", "master", "owner", 255);
  t.ok(desk.dropped > 0);
  t.same(
    desk.events.map((event) => event.name),
    ["notify-fifo-full"],
    "told once",
  );
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  let text = "";
  await until("the last line is there", () => {
    text += readPipe(fd);
    return text.endsWith('INSTANCE "web" MASTER 255\n');
  });
  t.equal(text.split("\n").length - 1 + desk.dropped, count + 1, "each line was read or counted");
});

t.test("somebody else's pipe is used and left; anything else is told and left alone", async (t) => {
  const desk = new Desk(t);
  const [theirs, file, link] = ["theirs", "file", "link"].map((name) => join(desk.folder, name)) as [
    string,
    string,
    string,
  ];
  execFileSync("mkfifo", [theirs]);
  writeFileSync(file, "mine");
  execFileSync("ln", ["-s", file, link]);
  desk.configure(
    {},
    [theirs, file, link].map((path) => fifo(path)),
  );
  desk.notifier.onTransition("web", "backup", "startup", 100);
  const fd = openSync(theirs, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  t.equal(readPipe(fd), 'INSTANCE "web" BACKUP 100\n');
  t.same(
    desk.events.map((event) => [event.name, event.fields["fifo"]]),
    [
      ["notify-fifo-failed", file],
      ["notify-fifo-failed", link],
    ],
  );
  await desk.stop();
  t.ok(statSync(theirs).isFIFO());
  t.equal(readFileSync(file, "utf8"), "mine");
});

t.test("a pipe is root's to give away", { skip: uid !== 0 }, async (t) => {
  const desk = new Desk(t);
  const path = join(desk.folder, "pipe");
  desk.configure({}, [fifo(path, { owner: { name: "nobody", uid: 65_534, gid: 65_534 } })]);
  t.equal(statSync(path).uid, 65_534);
  await desk.stop();
});

t.test("each pipe gets the lines that it is for", async (t) => {
  const desk = new Desk(t);
  const paths = ["instances", "services", "all"].map((name) => join(desk.folder, name));
  const about = [["instances"], ["services"], ["instances", "services"]] as const;
  desk.configure(
    {},
    paths.map((path, index) => fifo(path, { about: about[index] ?? [] })),
  );
  desk.notifier.onTransition("web", "backup", "startup", 100);
  desk.pipes.tell("services", "VS [192.0.2.100]:tcp:80 UP\n");
  const read = paths.map((path) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    t.teardown(() => closeSync(fd));
    return readPipe(fd);
  });
  const [web, up] = ['INSTANCE "web" BACKUP 100\n', "VS [192.0.2.100]:tcp:80 UP\n"];
  t.same(read, [web, up, web + up]);
  await desk.stop();
});

t.test("a pipe's program is kept running, and reads all up to the end", async (t) => {
  const desk = new Desk(t);
  const [path, said] = [join(desk.folder, "pipe"), join(desk.folder, "said")];
  // Ends after two lines, as none should.
  const text = `{ read a; echo "$a" >> ${said}; read a; echo "$a" >> ${said}; } < $1; echo enough`;
  desk.configure({}, [
    fifo(path, { reader: { ...script(text), command: ["/bin/sh", "-c", text, "reader"] } }),
  ]);
  for (const state of ["backup", "master", "backup"] as const)
    desk.notifier.onTransition("web", state, "startup", 100);
  await until("it was started again", () => desk.lines().length === 3);
  t.match(desk.events, [
    {
      name: "notify-reader-ended",
      fields: { fifo: path, program: "/bin/sh", detail: "exit status 0", restart_in: 0, output: "enough" },
    },
  ]);
  await desk.stop();
  t.same(
    desk.lines(),
    ["BACKUP", "MASTER", "BACKUP", "STOP"].map((state) => `INSTANCE "web" ${state} 100`),
  );
  t.equal(desk.events.length, 1, "the end that it was given is not told");
});

t.test("a pipe's program that does not see the end is killed", async (t) => {
  const desk = new Desk(t);
  const [path, said] = [join(desk.folder, "pipe"), join(desk.folder, "said")];
  const text = `echo $$ > ${said}; exec sleep 1000`;
  desk.configure({}, [fifo(path, { reader: script(text) })]);
  await until("it runs", () => desk.lines().length === 1);
  await desk.stop();
  await until("it is gone", () => !existsSync(`/proc/${desk.lines()[0]}`));
});
