/**
 * Goal: notify keys say what they mean, programs are looked at when the file is read, and the account that they run under
 * as well. Method: files with one fault each, and what a good one makes.
 */

import t from "tap";
import { serviceLine } from "../../src/core/supervision/service-notify.ts";
import { codes, complaints, configOf, instance } from "./reading.ts";

const PROGRAM = "/usr/lib/relevo/check-web";
const NOBODY = { name: "nobody", uid: 65_534, gid: 65_534 };

t.test("programs, their account and their time", (t) => {
  const { notify } = configOf(
    instance({ notify_master: `[${PROGRAM}, a b]`, notify: `[${PROGRAM}]`, notify_timeout: "5" }),
  );
  t.strictSame(notify, {
    instances: [
      {
        instance: "web",
        scripts: { master: { command: [PROGRAM, "a b"], user: NOBODY } },
        always: { command: [PROGRAM], user: NOBODY },
        timeout: 5_000_000,
        priorityChanges: false,
        lowerPriority: undefined,
      },
    ],
    groups: [],
    services: [],
    fifos: [],
  });
  const own = configOf(instance({ notify_stop: `[${PROGRAM}]`, notify_user: "checker" })).notify.instances[0];
  t.strictSame(own?.scripts.stop?.user, { name: "checker", uid: 1_001, gid: 1_001 });
  t.equal(own?.timeout, 30_000_000);
  t.end();
});

t.test("an instance without programs needs no account", (t) => {
  t.strictSame(configOf(instance()).notify.instances, [
    {
      instance: "web",
      scripts: {},
      always: undefined,
      timeout: 30_000_000,
      priorityChanges: false,
      lowerPriority: undefined,
    },
  ]);
  t.end();
});

t.test("changes of priority, a lesser master, and sync groups", (t) => {
  const own = configOf(
    `global_defs: { vrrp_notify_priority_changes: true }\n${instance({ notify_master_rx_lower_pri: `[${PROGRAM}, again]` })}
vrrp_sync_groups: { lan: { group: [web], notify: [${PROGRAM}, lan], notify_user: checker } }`,
  ).notify;
  t.match(own.instances, [{ priorityChanges: true, lowerPriority: { command: [PROGRAM, "again"] } }]);
  t.match(own.groups, [
    { group: "lan", members: ["web"], always: { command: [PROGRAM, "lan"], user: { name: "checker" } } },
  ]);
  const quiet = instance({ notify_priority_changes: "false" });
  const { instances } = configOf(`global_defs: { vrrp_notify_priority_changes: true }\n${quiet}`).notify;
  t.match(instances, [{ priorityChanges: false }]);
  t.end();
});

t.test("pipes, each once", (t) => {
  const fifos = (globals: string) => configOf(`global_defs: ${globals}\n${instance()}`).notify.fifos;
  t.strictSame(
    fifos(
      `{ notify_fifo: /run/relevo/a, vrrp_notify_fifo: /run/relevo/b, lvs_notify_fifo: /run/relevo/c, lvs_notify_fifo_script: [${PROGRAM}, lvs] }`,
    ),
    [
      { path: "/run/relevo/a", owner: NOBODY, about: ["instances", "services"], reader: undefined },
      { path: "/run/relevo/b", owner: NOBODY, about: ["instances"], reader: undefined },
      {
        path: "/run/relevo/c",
        owner: NOBODY,
        about: ["services"],
        reader: { command: [PROGRAM, "lvs"], user: NOBODY },
      },
    ],
  );
  t.match(fifos(`{ vrrp_notify_fifo: /a, vrrp_notify_fifo_script: [${PROGRAM}], lvs_notify_fifo: /a }`), [
    { path: "/a", about: ["instances", "services"], reader: { command: [PROGRAM] } },
  ]);
  t.strictSame(codes(`global_defs: { lvs_notify_fifo_script: [${PROGRAM}] }\n${instance()}`), [
    "1:16 warning unused-fifo-script",
  ]);
  t.match(codes(`global_defs: { notify_fifo: /a, notify_fifo_script: [/nowhere/x] }\n${instance()}`), [
    /error script-missing/,
  ]);
  t.strictSame(codes(`global_defs: { notify_fifo: states }\n${instance()}`), ["1:29 error bad-text"]);
  t.strictSame(codes(`global_defs: { vrrp_notify_fifo: /run/ }\n${instance()}`), ["1:34 error bad-text"]);
  t.end();
});

t.test("one program reads a pipe, whichever keys name it", (t) => {
  const said = (path: string, command: string) =>
    complaints(`global_defs:
  notify_fifo: /a
  notify_fifo_script: [${PROGRAM}, all]
  lvs_notify_fifo: ${path}
  lvs_notify_fifo_script: ${command}
${instance()}`);
  t.match(said("/a", `[${PROGRAM}, lvs]`), [
    /^.*5:3: error: global_defs\.lvs_notify_fifo_script: notify_fifo_script on line 3 .* \/a: .*\[two-fifo-scripts\]$/,
  ]);
  t.strictSame(said("/a", `[${PROGRAM}, all]`), []);
  t.strictSame(said("/b", `[${PROGRAM}, lvs]`), []);
  t.end();
});

t.test("a program that cannot be run is told", (t) => {
  const said = (key: string, value: string) => codes(instance({ [key]: value }));
  for (const key of [
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
    "notify",
    "notify_master_rx_lower_pri",
  ]) {
    t.match(said(key, "[relative]"), [/error script-path/], key);
    t.match(said(key, "[/nowhere/x]"), [/error script-missing/], key);
    t.match(said(key, "[]"), [/error out-of-range/], key);
    t.match(said(key, `"${PROGRAM} web"`), [/error wrong-type/], key);
  }
  t.end();
});

t.test("nothing runs as root, or as nobody known", (t) => {
  t.match(complaints(instance({ notify: `[${PROGRAM}]`, notify_user: "root" })), [/\[user-root\]/]);
  t.match(complaints(instance({ notify: `[${PROGRAM}]`, notify_user: "ghost" })), [/\[user-missing\]/]);
  t.match(complaints(`global_defs: { script_user: root }\n${instance({ notify: `[${PROGRAM}]` })}`), [
    /global_defs.script_user: .*\[user-root\]/,
  ]);
  t.end();
});

t.test("the digest covers them", (t) => {
  const texts = [
    instance(),
    instance({ notify: `[${PROGRAM}]` }),
    instance({ notify: `[${PROGRAM}, x]` }),
    instance({ notify_master: `[${PROGRAM}]` }),
    instance({ notify_master: `[${PROGRAM}]`, notify_user: "checker" }),
    instance({ notify_timeout: "5" }),
    `global_defs: { notify_fifo: /a }\n${instance()}`,
  ];
  t.equal(new Set(texts.map((text) => configOf(text).digest)).size, texts.length);
  t.end();
});

t.test("what pipes call virtual and real servers is what keepalived calls them", (t) => {
  const { services } = configOf(`${instance()}
virtual_server_groups: { web: [192.0.2.101-103 82] }
virtual_servers:
  - { address: 192.0.2.100, port: 80, real_servers: [{ address: 198.51.100.21-22, port: 8080 }] }
  - { address: "2001:db8::100", port: 5060, protocol: UDP, real_servers: [{ address: "2001:db8::21" }] }
  - { fwmark: 7, real_servers: [{ address: 198.51.100.21 }] }
  - { group: web, protocol: SCTP, real_servers: [{ address: 198.51.100.21, port: 80 }, { address: 198.51.100.22 }] }
`).notify;
  // As keepalived 2.2.7 writes them.
  t.strictSame(
    services.map(({ word, realServers }) => [word, ...realServers.map((real) => real.word)]),
    [
      ["[192.0.2.100]:tcp:80", "[198.51.100.21]:tcp:8080", "[198.51.100.22]:tcp:8080"],
      ["[2001:db8::100]:udp:5060", "[2001:db8::21]:udp:5060"],
      ["FWM 7", "[198.51.100.21]:none:0"],
      ["[web]:0", "[198.51.100.21]:sctp:80", "[198.51.100.22]:sctp:0"],
    ],
  );
  t.equal(serviceLine("FWM 7", "[198.51.100.21]:none:0", "down"), "RS [198.51.100.21]:none:0 FWM 7 DOWN\n");
  t.equal(serviceLine("[web]:0", undefined, "up"), "VS [web]:0 UP\n");
  t.end();
});
