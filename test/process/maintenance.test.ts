/**
 * Goal: a whole Relevo takes a real server out of work for as long as its file is in the maintenance directory, over the
 * death of the balancer, a reload and a restart, and tells what it cannot make sense of.
 * Method: a director, files that come and go, its events and its metrics.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, Pair, until } from "./pair.ts";

const VIRTUAL = "tcp 192.0.2.100:80";

function weight(real: string): string {
  return `relevo_real_server_weight{virtual="${VIRTUAL}",real="${real}",kind="effective"}`;
}

if (hasRoot(t, import.meta.url)) {
  t.test("maintenance, from a file to the weight and back", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-maintenance-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const directory = join(folder, "maintenance");
    const file = join(directory, "192.0.2.21:80");
    const servers = (rest = ""): string => `
global_defs: { maintenance_directory: ${directory} }
virtual_servers:
  - address: 192.0.2.100
    port: 80
    lvs_method: DR
    ${rest}
    real_servers:
      - { address: 192.0.2.21, weight: 3 }
      - { address: 192.0.2.22, weight: 3 }
`;
    const pair = new Pair(configuration(servers()));
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    const weights = (first: number, second: number): Promise<void> =>
      until(`weights ${first} and ${second}`, () =>
        [weight("192.0.2.21:80"), weight("192.0.2.22:80")]
          .map((series) => lvs1.metric(series))
          .every((value, index) => value === [first, second][index]),
      );

    await lvs1.start();
    t.match(await lvs1.logged("maintenance-directory-failed"), { directory, error: "ENOENT" });
    await weights(3, 3);

    t.comment("a directory, a file, and one that means nobody");
    mkdirSync(directory);
    await lvs1.logged("maintenance-directory-read");
    writeFileSync(file, "");
    writeFileSync(join(directory, "web1"), "");
    writeFileSync(join(directory, "192.0.2.29"), "");
    t.match(await lvs1.logged("drain-started"), {
      virtual: VIRTUAL,
      real: "192.0.2.21:80",
      source: "maintenance",
    });
    await weights(0, 3);
    await lvs1.logged("maintenance-ignored", 0, { file: "web1" });
    await lvs1.logged("maintenance-ignored", 0, { file: "192.0.2.29" });
    t.equal(
      lvs1.metric(`relevo_real_server_up{virtual="${VIRTUAL}",real="192.0.2.21:80"}`),
      1,
      "it is not down",
    );

    t.comment("the balancer is killed");
    const before = lvs1.log.length;
    process.kill(lvs1.pid("balancer"), "SIGKILL");
    await lvs1.logged("process-started", before);
    await weights(0, 3);
    t.notOk(
      lvs1.log.slice(before).some(({ event }) => event === "drain-started" || event === "drain-cancelled"),
    );

    t.comment("a reload, and a restart");
    lvs1.write(configuration(servers("lvs_sched: rr")));
    const reloaded = lvs1.log.length;
    lvs1.signal("SIGHUP");
    await lvs1.logged("config-loaded", reloaded);
    await weights(0, 3);
    lvs1.signal("SIGTERM");
    t.equal(await lvs1.ended(), 0);
    t.equal(lvs1.runFiles(), undefined, "nothing is on record: the directory says it all");
    await lvs1.start();
    await weights(0, 3);

    t.comment("let back, by its file and by another configuration");
    rmSync(file);
    t.match(await lvs1.logged("drain-cancelled"), { real: "192.0.2.21:80", cause: "maintenance-over" });
    await weights(3, 3);
    writeFileSync(join(directory, "192.0.2.22"), "");
    await weights(3, 0);
    lvs1.write(configuration(servers().replace(/^global_defs.*$/m, "")));
    lvs1.signal("SIGHUP");
    await weights(3, 3);
    t.equal(lvs1.complaints, "");
  });
}
