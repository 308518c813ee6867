/**
 * This machine's answers. Goal: accounts, programs, keys and interfaces are told as they are. Method: what every Linux system
 * has, and files of our own.
 */

import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
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

const KEY = `# mine
id: 7 # the next
key: ${"00112233445566778899aabbccddeeff".repeat(2)}
`;

t.test("a key is read from a file that only its owner can get at", (t) => {
  const path = join(t.testdir(), "heartbeat.key");
  // A file is looked at once for each environment.
  const found = () => systemEnvironment().keyFile(path);
  t.strictSame(found(), { state: "missing" });
  writeFileSync(path, KEY, { mode: 0o600 });
  const key = Uint8Array.from(Buffer.from("00112233445566778899aabbccddeeff".repeat(2), "hex"));
  t.strictSame(found(), { state: "ok", key: { id: 7, key } });
  for (const mode of [0o640, 0o604, 0o620, 0o610]) {
    chmodSync(path, mode);
    t.strictSame(found(), { state: "exposed", mode });
  }
  chmodSync(path, 0o400);
  t.match(found(), { state: "ok" });
  t.end();
});

t.test("what is no key file", (t) => {
  const directory = t.testdir();
  const environment = systemEnvironment();
  t.strictSame(environment.keyFile(directory), { state: "not-a-file" });
  t.strictSame(environment.keyFile(`${directory}/none/none`), { state: "missing" });
  t.strictSame(environment.keyFile("a\0b"), { state: "inaccessible" });
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", ["-m", "600", pipe]);
  t.strictSame(environment.keyFile(pipe), { state: "not-a-file" }, "and nobody waits for a writer");
  const large = join(directory, "large");
  writeFileSync(large, "#".repeat(5_000), { mode: 0o600 });
  t.strictSame(environment.keyFile(large), { state: "malformed", fault: "it has 5000 bytes" });
  t.end();
});

t.test("another account's key is not trusted", { skip: process.getuid?.() !== 0 && "needs root" }, (t) => {
  const path = join(t.testdir(), "heartbeat.key");
  writeFileSync(path, KEY, { mode: 0o600 });
  chownSync(path, 65_534, 65_534);
  t.strictSame(systemEnvironment().keyFile(path), { state: "foreign", uid: 65_534 });
  t.end();
});

t.test("interfaces include the loopback", (t) => {
  t.ok(systemEnvironment().interfaces()?.includes("lo"));
  t.end();
});
