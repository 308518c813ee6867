/**
 * Goal: a program runs as the user that was asked for, or not at all. Method: a process that is no longer root and has no
 * capability runs one for somebody else.
 */

import { spawnSync } from "node:child_process";
import t from "tap";

const MODULE = new URL("../../src/linux/run-program.js", import.meta.url).href;
const OTHER = 65_533;
const NOBODY = 65_534;

t.test(
  "who may not become the program's user does not run it as themselves",
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const asNobody = (uid: number) => `
      const { runProgram } = await import("${MODULE}");
      process.setgroups([]);
      process.setgid(${NOBODY});
      process.setuid(${NOBODY});
      const user = { name: "checker", uid: ${uid}, gid: ${uid} };
      const end = await runProgram({ command: ["/bin/sh", "-c", "id -u"], user, timeout: 20_000_000 });
      console.log(JSON.stringify(end));`;
    const end = (uid: number) => {
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", asNobody(uid)]);
      return JSON.parse(stdout.toString()) as unknown;
    };
    t.match(end(OTHER), {
      status: undefined,
      detail: "cannot run /bin/sh: the director may not become the script's user",
    });
    t.match(end(NOBODY), { status: 0, output: `${NOBODY}\n` });
  },
);
