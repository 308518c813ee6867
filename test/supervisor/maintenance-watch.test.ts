/**
 * Goal: whoever has a file in the maintenance directory is in maintenance, whatever else lies there and whatever becomes of
 * the directory. Method: a directory on a disk, with the watch on it.
 */

import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { targetName } from "../../src/core/balance/target.ts";
import type { Event } from "../../src/core/report/event.ts";
import { MaintenanceWatch } from "../../src/supervisor/maintenance-watch.ts";

class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "relevo-maintenance-"));
  readonly directory = join(this.folder, "maintenance");
  readonly told: Event[] = [];
  /** Each change, as names. */
  readonly changes: string[] = [];
  readonly watch = new MaintenanceWatch({
    event: (happened) => this.told.push(happened),
    changed: (targets) => this.changes.push(targets.map(targetName).toSorted().join(" ")),
  });

  constructor(t: { teardown(end: () => void): void }) {
    mkdirSync(this.directory);
    t.teardown(() => {
      this.watch.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  touch(name: string): void {
    writeFileSync(join(this.directory, name), "");
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 60_000; !condition(); await delay(20))
      if (Date.now() > deadline) throw new Error(`in vain: ${what}; ${this.changes.join(" | ")}`);
  }

  async maintained(...names: readonly string[]): Promise<void> {
    await this.until(names.join(" "), () => this.changes.at(-1) === names.join(" "));
  }

  names(): string[] {
    return this.told.map(({ name, fields }) =>
      `${name} ${String(fields["file"] ?? fields["error"] ?? "")}`.trim(),
    );
  }
}

t.test("files that come and go, of all kinds of names", async (t) => {
  const stage = new Stage(t);
  stage.touch("198.51.100.21:80");
  await stage.watch.configure(stage.directory);
  t.strictSame(stage.changes, ["198.51.100.21:80"], "it has been read when configure is done");
  stage.touch("198.51.100.22");
  stage.touch("[2001:db8::21]:80");
  mkdirSync(join(stage.directory, "2001:db8::22"));
  await stage.maintained("198.51.100.21:80", "198.51.100.22", "2001:db8::22", "[2001:db8::21]:80");
  stage.touch("web1");
  stage.touch(".198.51.100.23");
  stage.touch("198.51.100.24:http");
  stage.touch("x".repeat(255));
  stage.touch("line\nbreak");
  await stage.until("they are told", () => stage.told.length === 4);
  t.same(
    stage.names().toSorted(),
    ["198.51.100.24:http", "line\nbreak", "web1", "x".repeat(100)].map(
      (name) => `maintenance-ignored ${name}`,
    ),
  );
  rmSync(join(stage.directory, "198.51.100.22"));
  rmSync(join(stage.directory, "2001:db8::22"), { recursive: true });
  await stage.maintained("198.51.100.21:80", "[2001:db8::21]:80");
  t.equal(stage.told.length, 4, "told once");
  t.equal(stage.watch.targets.length, 2);
});

t.test("a directory that goes is empty, and read again when it is back", async (t) => {
  const stage = new Stage(t);
  stage.touch("198.51.100.21");
  await stage.watch.configure(stage.directory);
  renameSync(stage.directory, `${stage.directory}.away`);
  await stage.maintained("");
  t.same(stage.names(), ["maintenance-directory-failed ENOENT"]);
  mkdirSync(stage.directory);
  stage.touch("198.51.100.22");
  await stage.maintained("198.51.100.22");
  t.same(stage.names().slice(1), ["maintenance-directory-read"]);
  stage.touch("198.51.100.23");
  await stage.maintained("198.51.100.22", "198.51.100.23");
});

t.test("a directory that was missing from the start", async (t) => {
  const stage = new Stage(t);
  rmSync(stage.directory, { recursive: true });
  await stage.watch.configure(stage.directory);
  t.same(stage.names(), ["maintenance-directory-failed ENOENT"]);
  t.strictSame(stage.changes, []);
  mkdirSync(stage.directory);
  stage.touch("198.51.100.21");
  await stage.maintained("198.51.100.21");
});

t.test("one that cannot be read leaves everything as it is", async (t) => {
  const stage = new Stage(t);
  stage.touch("198.51.100.21");
  await stage.watch.configure(stage.directory);
  rmSync(stage.directory, { recursive: true });
  // Not a directory: root may read whatever its mode forbids.
  writeFileSync(stage.directory, "");
  await stage.until("it is told", () => stage.names().at(-1) === "maintenance-directory-failed ENOTDIR");
  const gone = stage.names().includes("maintenance-directory-failed ENOENT");
  if (!gone) t.strictSame(stage.changes, ["198.51.100.21"]);
  if (process.geteuid?.() === 0) return;
  rmSync(stage.directory);
  mkdirSync(stage.directory, { mode: 0o000 });
  await stage.until("it is told", () => stage.names().at(-1) === "maintenance-directory-failed EACCES");
  chmodSync(stage.directory, 0o755);
  await stage.until("it is told", () => stage.names().at(-1) === "maintenance-directory-read");
});

t.test("another directory takes its place, and none lets everybody back", async (t) => {
  const stage = new Stage(t);
  stage.touch("198.51.100.21");
  await stage.watch.configure(stage.directory);
  const other = join(stage.folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "198.51.100.22"), "");
  await stage.watch.configure(other);
  t.strictSame(stage.changes, ["198.51.100.21", "198.51.100.22"]);
  stage.touch("198.51.100.23");
  await stage.watch.configure(undefined);
  t.strictSame(stage.changes, ["198.51.100.21", "198.51.100.22", ""]);
  t.strictSame(stage.watch.targets, []);
});
