/**
 * Goal: pipes work with no more capabilities than the systemd unit leaves. Method: setpriv takes the others from a process
 * that opens a pipe, ends without closing it, and does so again.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";

const MODULE = new URL("../../src/supervisor/notify-pipes.js", import.meta.url).href;
const NOBODY = 65_534;

t.test(
  "a pipe is made, and taken over from an earlier life",
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-pipes-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "notify");
    const unit = readFileSync("systemd/relevo.service", "utf8");
    const capabilities = (/^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1] ?? "")
      .split(" ")
      .map((name) => name.replace(/^CAP_/, "+").toLowerCase());
    const fifo = JSON.stringify({ path, owner: { name: "nobody", uid: NOBODY, gid: NOBODY }, about: [] });
    const script = `
      const { NotifyPipes } = await import("${MODULE}");
      const listener = { event: ({ name, fields }) => console.log(name, fields.error), dropped() {} };
      new NotifyPipes("${folder}", listener).configure([${fifo}]);`;
    const bounds = `--bounding-set=-all,${capabilities.join(",")}`;
    for (const life of ["first", "second"]) {
      const node = [process.execPath, "--input-type=module", "--eval", script];
      const { stdout, stderr } = spawnSync("setpriv", [bounds, ...node], { encoding: "utf8" });
      t.equal(stdout + stderr, "", `${life} life`);
      t.match(statSync(path), { uid: NOBODY, gid: NOBODY });
      t.ok(statSync(path).isFIFO());
    }
  },
);
