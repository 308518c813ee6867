/**
 * `relevo keygen` as a command. Goal: a key that a director accepts, readable by its owner only, and never in the place of
 * another one. Method: the program as it ships, as a child process.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

const directory = t.testdir();

function relevo(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/src/cli/main.js", ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const CONFIGURATION = (key: string) => `directors:
  lvs1: { priority: 2, addresses: { a: 192.0.2.11, b: 198.51.100.11 } }
  lvs2: { priority: 1, addresses: { a: 192.0.2.12, b: 198.51.100.12 } }
heartbeat: { key_file: ${key} }
vrrp_instances:
  web: { interface: lo, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100/24] }
`;

t.test("to a file: mode 0600, and the configuration that names it passes", (t) => {
  const key = join(directory, "heartbeat.key");
  const config = join(directory, "relevo.yaml");
  writeFileSync(config, CONFIGURATION(key));
  t.match(relevo("check", "-c", config, "-n", "lvs1"), { status: 1, stdout: /\[key-missing\]/ });
  const { status, stdout, stderr } = relevo("keygen", "--output", key);
  t.strictSame([status, stdout], [0, ""]);
  t.match(stderr, `${key}: key 1 is made`);
  t.equal(statSync(key).mode & 0o7777, 0o600);
  const [secret = ""] = readFileSync(key, "utf8").match(/[0-9a-f]{64}/) ?? [];
  t.equal(secret.length, 64);
  t.notOk(stderr.includes(secret), "the key is in the file alone");
  t.match(relevo("check", "-c", config, "-n", "lvs1"), { status: 0, stdout: "" });
  t.end();
});

t.test("a key that cannot be read: a warning to who checks, a refusal to run", (t) => {
  const key = join(directory, "loop.key");
  const config = join(directory, "loop.yaml");
  // Nobody can open it, root neither.
  symlinkSync(key, key);
  writeFileSync(config, CONFIGURATION(key));
  t.match(relevo("check", "-c", config, "-n", "lvs1"), {
    status: 0,
    stdout: /warning: .*\[key-unverified\]/,
  });
  const runDirectory = join(directory, "run");
  t.match(relevo("run", "-c", config, "-n", "lvs1", "-r", runDirectory), {
    status: 1,
    stderr: /error: .*\[key-unreadable\]/,
  });
  t.notOk(existsSync(runDirectory), "and nothing was touched");
  t.end();
});

t.test("what is there stays there", (t) => {
  const key = join(directory, "old.key");
  writeFileSync(key, "the old one");
  const { status, stderr } = relevo("keygen", "-o", key);
  t.equal(status, 1);
  t.equal(stderr, `${key}: is there already, and a key is never overwritten\n`);
  t.equal(readFileSync(key, "utf8"), "the old one");
  t.match(relevo("keygen", "-o", join(directory, "none", "x")), { status: 1, stderr: /ENOENT/ });
  t.end();
});

t.test("to standard output, with a number", (t) => {
  t.match(relevo("keygen", "--id", "12"), {
    status: 0,
    stdout: /^# .*\nid: 12\nkey: [0-9a-f]{64}\n$/,
    stderr: "",
  });
  for (const id of ["256", "-1", "x", "1.5", ""])
    t.match(relevo("keygen", `--id=${id}`), { status: 2, stdout: "", stderr: /from 0 to 255/ }, id);
  t.end();
});
