/**
 * Goal: the house stands as it was drawn: each folder of src imports only what it may, from the rest of the house and from
 * outside. Method: every import of every source file is held against the table below, which is the whole truth.
 */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import t from "tap";

interface Room {
  /** Folders of src that it may import from, besides itself. */
  readonly folders: readonly string[];
  /** Packages, and Node's own modules. */
  readonly packages: readonly string[];
  readonly why: string;
}

const HOUSE: Readonly<Record<string, Room>> = {
  core: {
    folders: [],
    packages: [],
    why: "the simulator runs the very same code: no clock, socket, timer, file, logger or randomness of its own",
  },
  config: {
    folders: ["core"],
    packages: ["yaml", "zod", "node:child_process", "node:crypto", "node:fs", "node:net", "node:path"],
    why: "reads text and looks at the machine, and changes nothing",
  },
  linux: {
    folders: ["core"],
    packages: [
      "dgram-as-promised",
      "koffi",
      "netlink",
      "node:dgram",
      "node:fs",
      "node:child_process",
      "node:path",
      "node:timers/promises",
      "node:util",
    ],
    why: "the only place that touches the kernel; it decides nothing",
  },
  probes: {
    folders: ["core", "linux"],
    packages: ["node:net"],
    why: "one file a check type; a probe knows nothing of the table that it is for. Of linux it needs how a program is run",
  },
  failover: {
    folders: ["core", "linux"],
    // node:crypto: a keyed hash over a packet of a hundred bytes takes microseconds.
    packages: ["node:crypto", "node:path"],
    why: "must never be late: no HTTP, no child processes, no name look-ups, no logger",
  },
  balancer: {
    folders: ["core", "linux", "probes"],
    packages: ["node:path", "node:timers/promises", "node:util"],
    why: "runs the checks and owns the IPVS table",
  },
  supervisor: {
    folders: ["core", "config", "linux", "control"],
    packages: [
      "pino",
      "pino-pretty",
      "prom-client",
      "node:child_process",
      "node:events",
      "node:fs",
      "node:fs/promises",
      "node:http",
      "node:path",
      "node:timers/promises",
      "node:url",
    ],
    why: "the one process that logs, serves, starts others, and watches tracked files and scripts",
  },
  realserver: {
    folders: ["core", "linux"],
    packages: ["node:fs", "node:path"],
    why: "a command that looks, plans, and carries out, and has ended before anybody waits for it",
  },
  cli: {
    folders: ["core", "config", "control"],
    packages: ["commander", "node:fs", "node:os"],
    why: "reads arguments and prints answers",
  },
  lab: {
    folders: ["core", "config", "control"],
    packages: [
      "node:child_process",
      "node:events",
      "node:fs",
      "node:fs/promises",
      "node:http",
      "node:net",
      "node:os",
      "node:path",
      "node:readline",
      "node:timers/promises",
      "node:url",
      "node:util",
    ],
    why: "builds machines out of namespaces and looks at Relevo from outside",
  },
};

/** The entry points of processes: whoever may start a process may import its entry point. */
const ENTRY_POINTS: Readonly<Record<string, readonly string[]>> = {
  cli: ["src/supervisor/main.ts", "src/realserver/main.ts"],
  lab: ["src/cli/main.ts"],
};

const IMPORT = /^\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

function sources(): string[] {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => join("src", file));
}

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** What is wrong with an import; undefined when nothing is. */
function objection(file: string, target: string): string | undefined {
  const [, folder = ""] = file.split("/");
  const room = HOUSE[folder];
  if (room === undefined) return `${file}: the folder ${folder} is not in the house`;
  if (!target.startsWith(".")) {
    if (room.packages.includes(target)) return undefined;
    return `${file} imports ${target}: ${folder} may import [${room.packages.join(", ")}] (${room.why})`;
  }
  const path = normalize(join(dirname(file), target));
  const [, into = ""] = path.split("/");
  if (into === folder || room.folders.includes(into) || ENTRY_POINTS[folder]?.includes(path))
    return undefined;
  return `${file} imports ${path}: ${folder} may import [${room.folders.join(", ")}] (${room.why})`;
}

t.test("every import is one that its room may make", (t) => {
  const files = sources();
  t.ok(files.length > 30, "the sources were found");
  for (const file of files) {
    for (const target of importsOf(readFileSync(file, "utf8")))
      t.equal(objection(file, target), undefined, `${file}: ${target}`);
  }
  t.end();
});

t.test("a wall that is broken through is seen", (t) => {
  t.match(objection("src/core/vrrp/a.ts", "../../linux/clock.ts"), /core may import/);
  t.match(objection("src/core/vrrp/a.ts", "node:fs"), /may import/);
  t.match(objection("src/failover/a.ts", "../supervisor/log.ts"), /failover may import/);
  t.match(objection("src/rogue/a.ts", "./b.ts"), /not in the house/);
  t.equal(objection("src/cli/run.ts", "../supervisor/main.ts"), undefined);
  t.match(objection("src/cli/run.ts", "../supervisor/supervisor.ts"), /cli may import/);
  t.same(importsOf('import {\n  a,\n} from "./b.ts";\nimport "c";\nawait import("d");'), [
    "./b.ts",
    "c",
    "d",
  ]);
  t.end();
});

t.test("no source file is named after nothing", (t) => {
  for (const file of sources()) t.notMatch(file, /utils|common|helpers|misc|index/);
  t.end();
});
