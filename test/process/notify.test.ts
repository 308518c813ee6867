/**
 * Goal: a whole Relevo tells its programs and its pipe each state, runs `notify_stop` when the addresses are off and waits
 * for it, and tells the present state once more after its supervisor was killed. Method: one director with a program that
 * writes down what it was told and what `ip` shows.
 */

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, Pair, until, VIP } from "./pair.ts";

if (hasRoot(t, import.meta.url)) {
  t.test("a director's life, as its programs see it", async (t) => {
    const pair = new Pair(configuration());
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    // Under a folder that the scripts' user may reach.
    const folder = mkdtempSync(join(tmpdir(), "relevo-told-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o777);
    const [said, program, pipe] = [`${folder}/said`, `${folder}/program`, `${lvs1.runDirectory}/states`];
    writeFileSync(
      program,
      `#!/bin/sh
[ "$3" = STOP ] && sleep 1
echo "$1 $2 $3 $4 from $RELEVO_PREVIOUS_STATE vip $(ip -4 -o addr show | grep -c ${VIP}) as $(id -un)" >> ${said}
`,
    );
    chmodSync(program, 0o755);
    lvs1.write(
      configuration(`global_defs: { notify_fifo: ${pipe}, script_user: nobody }\n`).replace(
        "version: 3,",
        `version: 3, notify: [${program}],`,
      ),
    );
    const lines = () => (existsSync(said) ? readFileSync(said, "utf8").trim().split("\n") : []);

    await lvs1.start();
    await until("it is told master", () => lines().length === 2);
    t.same(lines(), [
      "INSTANCE web BACKUP 150 from init vip 0 as nobody",
      "INSTANCE web MASTER 150 from backup vip 1 as nobody",
    ]);
    await lvs1.logged("notify-done", 0, { state: "master", instance: "web" });
    t.equal(lvs1.metric('relevo_notify_runs_total{instance="web",state="master",result="ok"}'), 1);

    process.kill(lvs1.pid("supervisor"), "SIGKILL");
    await until("its children have left", () => lvs1.processes().length === 0 && !lvs1.holds(VIP));
    t.equal(lines().length, 2, "nobody is there to tell");
    t.same(lvs1.runFiles()?.includes("states"), true);
    await lvs1.start();
    await until("it is told master", () => lines().length === 4);
    t.match(lines().slice(2), [/BACKUP 150 from init/, /MASTER 150 from backup vip 1/]);

    lvs1.signal("SIGTERM");
    t.equal(await lvs1.ended(), 0);
    t.same(lines().slice(4), ["INSTANCE web STOP 150 from master vip 0 as nobody"]);
    const events = lvs1.log.map(({ event }) => event);
    t.ok(events.lastIndexOf("notify-done") < events.lastIndexOf("stopped"));
    t.notOk(existsSync(pipe), "also the pipe of the killed one's");
    t.same(lvs1.complaints, "");
  });

  t.test("virtual and real servers, as a pipe and its program see them", async (t) => {
    const pair = new Pair(configuration());
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    const folder = mkdtempSync(join(tmpdir(), "relevo-told-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o777);
    const [said, program, well] = [`${folder}/said`, `${folder}/program`, `${folder}/well`];
    const pipe = `${folder}/pipe`;
    writeFileSync(program, `#!/bin/sh\nexec cat "$2" >> ${said}\n`);
    chmodSync(program, 0o755);
    writeFileSync(well, "");
    lvs1.write(
      configuration(`
global_defs: { lvs_notify_fifo: ${pipe}, lvs_notify_fifo_script: [${program}, lvs] }
virtual_servers:
  - address: 192.0.2.100
    port: 80
    lvs_method: DR
    omega: true
    delay_loop: 200ms
    warmup: 0
    retry: 0
    real_servers:
      - { address: 192.0.2.21, checks: [{ script: { command: [/usr/bin/test, -e, ${well}] } }] }
`),
    );
    const lines = () => (existsSync(said) ? readFileSync(said, "utf8").split("\n").slice(0, -1) : []);
    const [virtual, real] = ["VS [192.0.2.100]:tcp:80", "RS [192.0.2.21]:tcp:80 [192.0.2.100]:tcp:80"];

    await lvs1.start();
    await until("it is told where it starts", () => lines().length === 1);
    t.same(lines(), [`${virtual} UP`]);
    rmSync(well);
    await until("both are told down", () => lines().length === 3);
    t.same(lines().slice(1), [`${real} DOWN`, `${virtual} DOWN`]);
    writeFileSync(well, "");
    await until("both are told up", () => lines().length === 5);
    t.same(lines().slice(3), [`${real} UP`, `${virtual} UP`]);
    lvs1.signal("SIGTERM");
    t.equal(await lvs1.ended(), 0);
    t.same(
      lines().slice(5).toSorted(),
      [`${real} DOWN`, `${virtual} DOWN`],
      "omega, and read before the end",
    );
    t.notOk(existsSync(pipe));
    t.same(lvs1.complaints, "");
  });
}
