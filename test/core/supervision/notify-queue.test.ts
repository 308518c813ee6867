/**
 * Goal: an instance's scripts are told one state at a time, the last one always, and each that stayed long enough.
 * Method: the queue's short stories by hand; then any order of states and endings, with the scripts played by the test.
 */

import fc from "fast-check";
import t from "tap";
import {
  fifoLine,
  groupState,
  type Notice,
  notifyArguments,
  type NotifySign,
  type NotifyState,
  notifyState,
} from "../../../src/core/supervision/notify.ts";
import {
  EMPTY_NOTIFY_QUEUE,
  type NotifyEvent,
  type NotifyQueue,
  step,
  type Telling,
} from "../../../src/core/supervision/notify-queue.ts";

const ENDED: NotifyEvent = { type: "ended" };

function notice(state: NotifyState, cause = "test"): NotifyEvent & { type: "notice" } {
  return { type: "notice", notice: { type: "instance", name: "web", state, cause, priority: 150 } };
}

/** Feeds events one after the other; what was told, in order, as `sequence previous>state`. */
function told(...events: readonly NotifyEvent[]): readonly string[] {
  let queue: NotifyQueue = EMPTY_NOTIFY_QUEUE;
  const tellings: string[] = [];
  for (const event of events) {
    const next = step(queue, event);
    queue = next.queue;
    if (next.tell !== undefined)
      tellings.push(`${next.tell.sequence} ${next.tell.previous}>${next.tell.state}`);
  }
  return tellings;
}

t.test("a state is told at once when nothing runs", (t) => {
  t.same(told(notice("backup"), ENDED, notice("master"), ENDED), ["1 init>backup", "2 backup>master"]);
  t.end();
});

t.test("what comes and goes while a script runs is left out; the last state is told", (t) => {
  const queued = [notice("master"), notice("backup"), notice("master")];
  t.same(told(notice("backup"), ...queued), ["1 init>backup"]);
  t.same(told(notice("backup"), ...queued, ENDED, ENDED), ["1 init>backup", "2 backup>master"]);
  t.same(told(notice("master"), notice("backup"), notice("master"), ENDED, ENDED), [
    "1 init>master",
    "2 master>master",
  ]);
  t.end();
});

t.test("a stop is told once, and after it whatever comes next", (t) => {
  t.same(told(notice("master"), ENDED, notice("stop"), notice("stop"), ENDED, notice("stop")), [
    "1 init>master",
    "2 master>stop",
  ]);
  t.same(told(notice("stop"), ENDED, notice("backup")), ["1 init>stop", "2 stop>backup"]);
  t.end();
});

t.test("an end that nobody waits for changes nothing", (t) => {
  t.same(step(EMPTY_NOTIFY_QUEUE, ENDED), { queue: EMPTY_NOTIFY_QUEUE, tell: undefined });
  t.end();
});

/** States as they come, and ends of scripts; an end while none runs does not happen in life. */
const happening = fc.oneof(
  fc.constantFrom<NotifyState>("master", "backup", "fault", "stop"),
  fc.constant("ended" as const),
);

t.test("any order of states and endings", (t) => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      let queue: NotifyQueue = EMPTY_NOTIFY_QUEUE;
      let running: Telling | undefined;
      let last: NotifyState | undefined;
      let lastTold: NotifyState | undefined;
      const feed = (event: NotifyEvent): void => {
        const next = step(queue, event);
        queue = next.queue;
        if (next.tell === undefined) return;
        if (running !== undefined) throw new Error("two at once");
        if (next.tell.state !== last) throw new Error("told what is no more");
        if (next.tell.previous !== (lastTold ?? "init")) throw new Error("a broken chain");
        running = next.tell;
        lastTold = next.tell.state;
      };
      const end = (): void => {
        running = undefined;
        feed(ENDED);
      };
      for (const [index, happened] of happenings.entries()) {
        if (happened === "ended") {
          if (running !== undefined) end();
          continue;
        }
        const idle = running === undefined;
        const repeatedStop = happened === "stop" && last === "stop";
        last = happened;
        feed(notice(happened, `${index}`));
        // It stayed long enough: nothing was running when it came.
        if (idle && !repeatedStop && running === undefined) throw new Error(`${happened} was not told`);
      }
      while (running !== undefined) end();
      return lastTold === last;
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test("the words are keepalived's", (t) => {
  const web: Notice = {
    type: "instance",
    name: "VI_1",
    state: "master",
    cause: "master-down",
    priority: 100,
  };
  t.equal(fifoLine(web), 'INSTANCE "VI_1" MASTER 100\n');
  t.equal(fifoLine({ ...web, sign: "priority" }), 'INSTANCE "VI_1" MASTER_PRIORITY 100\n');
  t.equal(fifoLine({ ...web, state: "backup", sign: "priority" }), 'INSTANCE "VI_1" BACKUP_PRIORITY 100\n');
  t.equal(fifoLine({ ...web, sign: "lower-priority" }), 'INSTANCE "VI_1" MASTER_RX_LOWER_PRI 100\n');
  t.equal(fifoLine({ ...web, type: "group", name: "lan", priority: 0 }), 'GROUP "lan" MASTER 0\n');
  t.same(notifyArguments({ ...web, state: "fault" }), ["INSTANCE", "VI_1", "FAULT", "100"]);
  t.same((["init", "backup", "master", "fault"] as const).map(notifyState), [
    "stop",
    "backup",
    "master",
    "fault",
  ]);
  t.end();
});

t.test("a group is in the state that all of its members are in", (t) => {
  t.equal(groupState(["master", "master"]), "master");
  t.equal(groupState(["master", "backup"]), undefined);
  t.equal(groupState(["master", undefined]), undefined);
  t.equal(groupState([undefined, undefined]), undefined);
  t.end();
});

t.test("what happens within a state is told after it, each kind once", (t) => {
  const sign = (sign: NotifySign, priority: number): NotifyEvent => ({
    type: "notice",
    notice: { ...notice("master").notice, sign, priority },
  });
  const words = (...events: readonly NotifyEvent[]): readonly string[] => {
    let queue: NotifyQueue = EMPTY_NOTIFY_QUEUE;
    return events.flatMap((event) => {
      const next = step(queue, event);
      queue = next.queue;
      return next.tell === undefined ? [] : [notifyArguments(next.tell).slice(2).join(" ")];
    });
  };
  t.same(
    words(
      notice("master"),
      sign("priority", 90),
      sign("lower-priority", 90),
      sign("priority", 80),
      ENDED,
      ENDED,
    ),
    ["MASTER 150", "MASTER_RX_LOWER_PRI 90", "MASTER_PRIORITY 80"],
  );
  t.same(
    words(notice("backup"), notice("master"), sign("priority", 90), ENDED, ENDED),
    ["BACKUP 150", "MASTER 90"],
    "a state that waits says it all",
  );
  t.same(
    words(notice("master"), sign("priority", 90), notice("backup"), ENDED, ENDED),
    ["MASTER 150", "BACKUP 150"],
    "a state that is entered makes it void",
  );
  t.end();
});
