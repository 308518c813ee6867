/**
 * Goal: settings are written when they differ and at no other time, also where the kernel makes something else of a value, and
 * are put back as they were. Method: the keeper on a kernel of two settings, which leaves out processors that it does not have.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openFootprint } from "../../src/balancer/footprint.ts";
import { keepSettings, type SettingsKernel } from "../../src/balancer/settings.ts";
import type { Event } from "../../src/core/report/event.ts";

const CPUS = "net/ipv4/vs/est_cpulist";
const THRESHOLD = "net/ipv4/vs/sync_threshold";

function stage(t: { teardown(end: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), "relevo-settings-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const values = new Map([
    [CPUS, "0-1"],
    [THRESHOLD, "3\t50"],
  ]);
  const writes: string[] = [];
  const kernel: SettingsKernel = {
    read: (name) => values.get(name) ?? "",
    write(name, value) {
      writes.push(`${name}=${value}`);
      values.set(name, name === CPUS && value === "0-63" ? "0-3" : value.replace(" ", "\t"));
    },
    list: () => [...values.keys()],
  };
  const told: Event[] = [];
  const footprint = openFootprint(join(folder, "balancer.json"), () => {});
  return { values, writes, told, settings: keepSettings(footprint, (event) => told.push(event), kernel) };
}

t.test("a value is written once, and again when somebody else has changed it", async (t) => {
  const { values, writes, told, settings } = stage(t);
  const ipvs = { est_cpulist: "0-63", sync_threshold: "3 50" };
  for (let look = 0; look < 3; look += 1) settings.require({ forwarded: new Set(), ipvs });
  t.strictSame(writes, [`${CPUS}=0-63`], "what is there is not written, though a tab is in it");
  t.match(told, [{ name: "sysctl-set", fields: { sysctl: CPUS, before: "0-1", value: "0-63" } }]);

  values.set(CPUS, "2");
  settings.require({ forwarded: new Set(), ipvs });
  settings.require({ forwarded: new Set(), ipvs });
  t.strictSame(writes.slice(1), [`${CPUS}=0-63`]);
  settings.require({ forwarded: new Set(), ipvs: { est_cpulist: "1", sync_threshold: "3 50" } });
  t.equal(values.get(CPUS), "1", "another one is wanted");
  t.ok(settings.restore());
  t.equal(values.get(CPUS), "0-1");
});
