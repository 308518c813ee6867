/**
 * `relevo check` as a command. Goal: what is on standard output, what on standard error, and the exit status. Method:
 * the program as it ships, as a child process.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Diagnostic } from "../../src/config/diagnostic.ts";

const directory = t.testdir();

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function relevo(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/src/cli/main.js", ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const GOOD = `vrrp_instances:
  web: { interface: lo, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100/24] }
`;

t.test("a good file: nothing on standard output, status 0", (t) => {
  const path = file("good.yaml", GOOD);
  t.strictSame(relevo("check", "--config", path), { status: 0, stdout: "", stderr: `${path}: OK\n` });
  t.strictSame(relevo("check", "-c", path, "--json"), { status: 0, stdout: "[]\n", stderr: "" });
  t.end();
});

t.test("warnings alone do not fail", (t) => {
  const path = file("warning.yaml", `${GOOD}virtual_servers: [{ address: 192.0.2.99, port: 80 }]\n`);
  const { status, stdout, stderr } = relevo("check", "--config", path);
  t.equal(status, 0);
  t.match(stdout, `${path}:3:30: warning: virtual_servers[0].address: no instance has 192.0.2.99`);
  t.equal(stderr, `${path}: OK, 1 warning\n`);
  t.end();
});

t.test("an error: one line each on standard output, status 1", (t) => {
  const path = file("bad.yaml", GOOD.replace("51", "500").replace("192.0.2.100/24", "192.0.2.0/24"));
  t.strictSame(relevo("check", "--config", path), {
    status: 1,
    stdout:
      `${path}:2:44: error: vrrp_instances.web.virtual_router_id: 500 is outside 1..255: choose a number in that ` +
      `range [out-of-range]\n` +
      `${path}:2:69: error: vrrp_instances.web.virtual_ipaddress[0]: 192.0.2.0 is the network address of its /24: ` +
      `give a host's [bad-address]\n`,
    stderr: `${path}: 2 errors\n`,
  });
  t.end();
});

t.test("--json gives the same list", (t) => {
  const path = file("bad.yaml", GOOD.replace("51", "500"));
  const { status, stdout, stderr } = relevo("check", "--config", path, "--json");
  t.equal(status, 1);
  t.equal(stderr, "");
  t.strictSame(JSON.parse(stdout) as Diagnostic[], [
    {
      code: "out-of-range",
      severity: "error",
      line: 2,
      column: 44,
      path: "vrrp_instances.web.virtual_router_id",
      message: "500 is outside 1..255: choose a number in that range",
    },
  ]);
  t.end();
});

t.test("a file that is not there has errors, too", (t) => {
  const path = join(directory, "none.yaml");
  t.match(relevo("check", "--config", path), {
    status: 1,
    stdout: `${path}:1:1: error: the file cannot be read`,
  });
  t.end();
});

t.test("--node says which director to check for", (t) => {
  const path = file("pair.yaml", `directors: { lvs1: { priority: 2 }, lvs2: { priority: 1 } }\n${GOOD}`);
  t.equal(relevo("check", "--config", path, "--node", "lvs2").status, 0);
  t.match(relevo("check", "--config", path, "--node", "lvs3"), { status: 1, stdout: /\[unknown-node\]/ });
  t.end();
});

t.test("a command line that cannot be understood has status 2", (t) => {
  for (const args of [
    [],
    ["check"],
    ["check", "--config"],
    ["chekc"],
    ["check", "-c", "x", "--no-such"],
    ["check", "-c", "x", "y"],
  ]) {
    const { status, stdout, stderr } = relevo(...args);
    t.equal(status, 2, args.join(" "));
    t.equal(stdout, "");
    t.not(stderr, "");
  }
  t.end();
});

t.test("help and version have status 0", (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  t.match(relevo("--version"), { status: 0, stdout: `${version}\n` });
  t.match(relevo("check", "--help"), { status: 0, stdout: /--json/ });
  t.end();
});

t.test("the example that ships passes for both directors", (t) => {
  for (const node of ["lvs1", "lvs2"]) {
    const { status, stdout, stderr } = relevo(
      "check",
      "--config",
      "etc/relevo.yaml",
      "--node",
      node,
      "--json",
    );
    t.equal(status, 0, stderr);
    const found = JSON.parse(stdout) as Diagnostic[];
    t.strictSame(
      found.filter(({ code }) => code !== "interface-missing"),
      [],
      "nothing but interfaces that this machine may lack",
    );
  }
  t.end();
});
