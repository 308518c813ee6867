/**
 * Goal: a whole Relevo runs the programs for virtual and real servers when they come and go, tells with omega that it
 * leaves, and with ha_suspend checks only on the director that holds the address.
 * Method: a pair with a check that looks for a file, and a program that writes down what it was told.
 */

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, Pair, until } from "./pair.ts";

const CHECKS =
  'relevo_checks_total{virtual="tcp 192.0.2.100:80",real="192.0.2.21:80",check="script",result="ok"}';

if (hasRoot(t, import.meta.url)) {
  t.test("virtual and real servers, as their programs see them", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "relevo-told-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o777);
    const [said, program, well] = [`${folder}/said`, `${folder}/program`, `${folder}/well`];
    writeFileSync(program, `#!/bin/sh\necho "$* $RELEVO_VIRTUAL $RELEVO_REAL $RELEVO_STATE" >> ${said}\n`);
    chmodSync(program, 0o755);
    writeFileSync(well, "");
    const told = (key: string): string => `${key}: [${program}, ${key}]`;
    const servers = `
virtual_servers:
  - address: 192.0.2.100
    port: 80
    lvs_method: DR
    ha_suspend: true
    omega: true
    ${told("quorum_up")}
    ${told("quorum_down")}
    delay_loop: 200ms
    warmup: 0
    retry: 0
    real_servers:
      - { address: 192.0.2.21, ${told("notify_up")}, ${told("notify_down")}, checks: [{ script: { command: [/usr/bin/test, -e, ${well}] } }] }
`;
    const pair = new Pair(configuration(servers));
    t.teardown(() => pair.close());
    const { lvs1, lvs2 } = pair;
    const lines = (): string[] => (existsSync(said) ? readFileSync(said, "utf8").trim().split("\n") : []);
    const real = "tcp 192.0.2.100:80 192.0.2.21:80";

    await lvs1.start();
    await until("it is checked", () => (lvs1.metric(CHECKS) ?? 0) > 2);
    t.same(lines(), ["quorum_up tcp 192.0.2.100:80  up"], "where it starts");
    await lvs2.start();
    await until("lvs2 has told the same", () => lines().length === 2);

    rmSync(well);
    await until("lvs1 tells of it", () => lines().length === 4);
    t.same(lines().slice(2).toSorted(), [`notify_down ${real} down`, "quorum_down tcp 192.0.2.100:80  down"]);
    writeFileSync(well, "");
    await until("lvs1 tells of it", () => lines().length === 6);
    t.same(lines().slice(4).toSorted(), [`notify_up ${real} up`, "quorum_up tcp 192.0.2.100:80  up"]);
    t.equal(lvs2.metric(CHECKS), undefined, "lvs2, which holds nothing, has looked at nothing");
    t.equal(lvs1.metric('relevo_virtual_server_quorum{virtual="tcp 192.0.2.100:80"}'), 1);

    lvs1.signal("SIGTERM");
    t.equal(await lvs1.ended(), 0);
    t.same(
      lines().slice(6).toSorted(),
      [`notify_down ${real} down`, "quorum_down tcp 192.0.2.100:80  down"],
      "omega",
    );
    await until("lvs2, which holds the address now, checks", () => (lvs2.metric(CHECKS) ?? 0) > 2);
    t.same(lvs1.complaints, "");
  });
}
