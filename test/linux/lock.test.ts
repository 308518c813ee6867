/**
 * Goal: one holder at a time, who can be named, and no stumbling over one who is just leaving. Method: locks in a folder
 * of the test's; the kernel refuses the second descriptor even of one process.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { lockHolder, tryLock, unlock } from "../../src/linux/lock.ts";

t.test("a lock has one holder, until its file is taken away", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "relevo-lock-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "supervisor.lock");
  t.equal(lockHolder(path), undefined, "nobody");
  t.equal(tryLock(path), true);
  t.equal(lockHolder(path), process.pid);
  t.equal(tryLock(path), false);
  unlock(path);
  t.equal(lockHolder(path), undefined, "just leaving");
  t.equal(tryLock(path), true);
});
