/**
 * This machine's answers. Goal: accounts, programs and interfaces are told as they are. Method: what every Linux system
 * has, and files of our own.
 */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemEnvironment } from "../../src/config/system-environment.ts";

t.test("accounts are found by name, never by number", (t) => {
  const { user } = systemEnvironment();
  t.strictSame(user("root"), { name: "root", uid: 0, gid: 0 });
  t.match(user("nobody"), { name: "nobody" });
  t.equal(user("no-such-user-here"), undefined);
  t.equal(user("0"), undefined);
  t.equal(user(""), undefined);
  t.equal(user("--help"), undefined);
  t.end();
});

t.test("accounts are found without getent", (t) => {
  const { PATH } = process.env;
  process.env["PATH"] = "/nonexistent";
  t.teardown(() => {
    process.env["PATH"] = PATH;
  });
  const { user } = systemEnvironment();
  t.strictSame(user("root"), { name: "root", uid: 0, gid: 0 });
  t.equal(user("no-such-user-here"), undefined);
  t.end();
});

t.test("programs are told apart from what cannot be run", (t) => {
  const { program } = systemEnvironment();
  const path = join(t.testdir(), "check");
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o644);
  t.equal(program(path), "not-executable");
  chmodSync(path, 0o755);
  t.equal(program(path), "ok");
  t.equal(program("/bin/sh"), "ok", "through a link too");
  t.equal(program("/etc"), "not-a-file");
  t.equal(program(`${path}-none`), "missing");
  t.equal(program(`${path}/none`), "missing");
  t.equal(program("a\0b"), "inaccessible");
  t.end();
});

t.test("interfaces include the loopback", (t) => {
  t.ok(systemEnvironment().interfaces()?.includes("lo"));
  t.end();
});
