/**
 * This machine's answers. Goal: accounts, programs and interfaces are told as they are. Method: what every Linux system
 * has, and files of our own.
 */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemEnvironment } from "../../src/config/system-environment.ts";

t.test("accounts are found by name, never by number", (t) => {
  const environment = systemEnvironment();
  t.strictSame(environment.user("root"), { name: "root", uid: 0, gid: 0 });
  t.match(environment.user("nobody"), { name: "nobody" });
  t.equal(environment.user("no-such-user-here"), undefined);
  t.equal(environment.user("0"), undefined);
  t.equal(environment.user(""), undefined);
  t.equal(environment.user("--help"), undefined);
  t.end();
});

t.test("accounts are found without getent", (t) => {
  const { PATH } = process.env;
  process.env["PATH"] = "/nonexistent";
  t.teardown(() => {
    process.env["PATH"] = PATH;
  });
  const environment = systemEnvironment();
  t.strictSame(environment.user("root"), { name: "root", uid: 0, gid: 0 });
  t.equal(environment.user("no-such-user-here"), undefined);
  t.end();
});

t.test("programs are told apart from what cannot be run", (t) => {
  const environment = systemEnvironment();
  const path = join(t.testdir(), "check");
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o644);
  t.equal(environment.program(path), "not-executable");
  chmodSync(path, 0o755);
  t.equal(environment.program(path), "ok");
  writeFileSync(path, "exit 0\n");
  t.equal(environment.program(path), "no-interpreter", "which only a shell would run");
  t.equal(environment.program("/bin/sh"), "ok", "through a link too");
  t.equal(environment.program("/etc"), "not-a-file");
  t.equal(environment.program(`${path}-none`), "missing");
  t.equal(environment.program(`${path}/none`), "missing");
  t.equal(environment.program("a\0b"), "inaccessible");
  t.end();
});

t.test("interfaces include the loopback", (t) => {
  t.ok(systemEnvironment().interfaces()?.includes("lo"));
  t.end();
});
