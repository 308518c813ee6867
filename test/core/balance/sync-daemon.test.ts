/**
 * Goal: the right sync daemons run at every moment, and the way from one state to the next loses nothing.
 * Method: the mastership over time, and daemons that were found, against what is asked for by hand.
 */

import t from "tap";
import type { SyncDaemonConfig } from "../../../src/core/balance/model.ts";
import {
  daemonOperationText,
  explainDaemon,
  flushedAt,
  type Mastership,
  planDaemons,
  type StartSettings,
  wantedDaemons,
} from "../../../src/core/balance/sync-daemon.ts";
import { after, type Instant, seconds, START } from "../../../src/core/units/time.ts";
import type { DaemonState, RunningDaemon } from "../../../src/core/wire/ipvs-daemon.ts";
import { ip } from "./servers.ts";

const CONFIG: SyncDaemonConfig = {
  interface: "eth1",
  instance: "web",
  id: 51,
  maxlen: undefined,
  group: ip("224.0.0.81"),
  port: 8_848,
  ttl: 1,
  ports: undefined,
  sockSize: undefined,
  backupOnly: false,
};
const BOTH: ReadonlySet<DaemonState> = new Set(["master", "backup"]);
const NEVER: Mastership = { isMaster: false, lostAt: undefined };
const MASTER: Mastership = { isMaster: true, lostAt: undefined };

function at(second: number): Instant {
  return after(START, seconds(second));
}

function states(mastership: Mastership, second: number, given: Partial<SyncDaemonConfig> = {}): string {
  return wantedDaemons({ ...CONFIG, ...given }, mastership, at(second))
    .map(({ state }) => state)
    .join(" ");
}

/** What the kernel says runs. */
function running(given: Partial<SyncDaemonConfig>, mastership: Mastership): readonly RunningDaemon[] {
  return wantedDaemons({ ...CONFIG, ...given }, mastership, at(100));
}

function planned(
  mastership: Mastership,
  found: readonly RunningDaemon[],
  given: Partial<SyncDaemonConfig> = {},
  startedWith: ReadonlyMap<DaemonState, StartSettings> = new Map(),
): readonly string[] {
  const wanted = wantedDaemons({ ...CONFIG, ...given }, mastership, at(100));
  return planDaemons(wanted, found, BOTH, startedWith).map((operation) =>
    daemonOperationText(operation).replace(/ --mcast-interface.*/, ""),
  );
}

/** Both were started with this. */
function bothWith(given: Partial<StartSettings>): ReadonlyMap<DaemonState, StartSettings> {
  const settings = { maxlen: undefined, ports: undefined, sockSize: undefined, ...given };
  return new Map([
    ["master", settings],
    ["backup", settings],
  ]);
}

t.test(
  "the backup daemon always runs, the master daemon four seconds longer than the mastership",
  async (t) => {
    t.equal(states(NEVER, 100), "backup");
    t.equal(states(MASTER, 100), "master backup");
    const lost = { isMaster: false, lostAt: at(100) };
    t.equal(states(lost, 100), "master backup");
    t.equal(states(lost, 103.9), "master backup");
    t.equal(states(lost, 104), "backup");
    t.equal(flushedAt(lost), at(104));
    t.equal(flushedAt(MASTER), undefined);
    t.equal(flushedAt({ isMaster: true, lostAt: at(100) }), undefined, "regained");
  },
);

t.test("without an instance both run", async (t) => {
  t.equal(states(NEVER, 100, { instance: undefined }), "master backup");
});

t.test("with backup_only a master has no backup daemon", async (t) => {
  t.equal(states(MASTER, 100, { backupOnly: true }), "master");
  t.equal(states({ isMaster: false, lostAt: at(99) }, 100, { backupOnly: true }), "master backup");
  t.strictSame(planned(MASTER, running({}, NEVER), { backupOnly: true }), [
    "--start-daemon master",
    "--stop-daemon backup",
  ]);
});

t.test("a change starts before it stops, and one with other settings is replaced", async (t) => {
  t.strictSame(planned(MASTER, running({}, NEVER)), ["--start-daemon master"]);
  t.strictSame(planned(NEVER, running({}, MASTER)), ["--stop-daemon master"]);
  t.strictSame(planned(MASTER, running({}, MASTER)), []);
  for (const given of [
    { id: 7 },
    { interface: "eth0" },
    { port: 8_849 },
    { ttl: 2 },
    { group: ip("239.0.0.1") },
  ])
    t.strictSame(
      planned(NEVER, running(given, NEVER)),
      ["--stop-daemon backup", "--start-daemon backup"],
      JSON.stringify(given),
    );
});

t.test(
  "a length is compared as the kernel keeps it, and what it does not tell is not compared",
  async (t) => {
    const found = (maxlen: number | undefined) => [{ ...running({}, NEVER)[0], maxlen } as RunningDaemon];
    t.strictSame(planned(NEVER, found(1_472)), [], "left to the kernel");
    t.strictSame(planned(NEVER, found(1_024), { maxlen: 500 }), [], "a backup has room for 1024 at least");
    t.strictSame(planned(NEVER, found(1_400), { maxlen: 1_400 }), []);
    t.strictSame(planned(NEVER, found(65_507), { maxlen: 65_507 }), []);
    t.equal(planned(NEVER, found(1_472), { maxlen: 1_400 }).length, 2);
    const old = { state: "backup", interface: "eth1", id: 51, maxlen: undefined } as const;
    const silent = { ...old, group: undefined, port: undefined, ttl: undefined };
    t.strictSame(planned(NEVER, [silent], { maxlen: 1_400, ttl: 3 }), []);
  },
);

t.test("a length that is not asked for any more is left to the kernel again", async (t) => {
  const found = [{ ...running({}, NEVER)[0], maxlen: 1_400 } as RunningDaemon];
  const replaced = ["--stop-daemon backup", "--start-daemon backup"];
  t.strictSame(planned(NEVER, found, {}, bothWith({ maxlen: 1_400 })), replaced);
  t.strictSame(planned(NEVER, found, {}, bothWith({})), [], "1400 is what the interface has room for");
  t.strictSame(planned(NEVER, found, {}), [], "nobody knows");
});

t.test("what is taken on at the start and not told is compared with what was said then", async (t) => {
  const both = running({}, MASTER);
  const replaced = [
    "--stop-daemon master",
    "--start-daemon master",
    "--stop-daemon backup",
    "--start-daemon backup",
  ];
  for (const [given, before] of [
    [{ sockSize: 1_000_000 }, {}],
    [{}, { sockSize: 1_000_000 }],
    [{ sockSize: 1_000_000 }, { sockSize: 2_000_000 }],
  ] as const)
    t.strictSame(planned(MASTER, both, given, bothWith(before)), replaced, "never both away at once");
  t.strictSame(planned(MASTER, both, { sockSize: 5, ports: 4 }, bothWith({ sockSize: 5, ports: 4 })), []);
  t.strictSame(planned(MASTER, both, { sockSize: 5, ports: 4 }), [], "nobody knows");
});

t.test("another number of ports wants both stopped first", async (t) => {
  const all = [
    "--stop-daemon backup",
    "--stop-daemon master",
    "--start-daemon master",
    "--start-daemon backup",
  ];
  t.strictSame(planned(MASTER, running({}, MASTER), { ports: 4 }, bothWith({})), all);
  t.strictSame(planned(MASTER, running({}, MASTER), {}, bothWith({ ports: 4 })), all);
  const alone = ["--stop-daemon backup", "--start-daemon backup"];
  t.strictSame(planned(NEVER, running({}, NEVER), { ports: 4 }, bothWith({})), alone);
  t.strictSame(planned(NEVER, running({}, MASTER), { ports: 4 }, bothWith({})), [
    "--stop-daemon backup",
    "--stop-daemon master",
    "--start-daemon backup",
  ]);
  const mixed: ReadonlyMap<DaemonState, StartSettings> = new Map([
    ...bothWith({ ports: 4 }),
    ...[...bothWith({})].filter(([state]) => state === "backup"),
  ]);
  t.strictSame(planned(MASTER, running({}, MASTER), { ports: 4 }, mixed), all, "one of them is enough");
});

t.test("only ours are stopped", async (t) => {
  const found = running({}, MASTER);
  t.strictSame(planDaemons([], found, new Set(), new Map()), []);
  t.strictSame(planDaemons([], found, new Set(["backup"]), bothWith({ ports: 4 })), [
    { type: "stop", state: "backup" },
  ]);
});

t.test("a step in ipvsadm's words, and why it was refused", async (t) => {
  const [daemon] = wantedDaemons({ ...CONFIG, maxlen: 1_400 }, MASTER, at(1));
  if (daemon === undefined) throw new Error("there is one");
  t.equal(
    daemonOperationText({ type: "start", daemon }),
    "--start-daemon master --mcast-interface eth1 --syncid 51 --sync-maxlen 1400 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1",
  );
  const start = { type: "start", daemon } as const;
  t.match(explainDaemon(start, "ENODEV"), { cause: "there is no interface eth1" });
  t.match(explainDaemon(start, "EINVAL"), { cause: /other family/ });
  t.match(explainDaemon(start, "EPERM"), { cure: /CAP_NET_ADMIN/ });
  t.match(explainDaemon({ type: "stop", state: "master" }, "EIO"), { cause: "the kernel answered EIO" });
});
