/**
 * What values say about one another. Goal: every contradiction is told, where it is and with the other place's line,
 * and a place that could not be read causes no second complaint. Method: files with one contradiction each.
 */

import t from "tap";
import { codes, complaints, instance, MACHINE, serverWithChecks } from "./reading.ts";

/** Two instances: `web` as usual, and `db` with these keys. */
function pair(keys: Readonly<Record<string, string>>): string {
  const db = instance({ virtual_router_id: "52", virtual_ipaddress: "[192.0.2.101/24]", ...keys });
  return `${instance()}${db.replace("vrrp_instances:\n", "").replace("web", "db")}`;
}

t.test("an advert interval has to fit the version", (t) => {
  const said = (version: string, interval: string): string[] =>
    complaints(instance({ version, advert_int: interval })).map((line) =>
      line.replace(/^.*advert_int: /, ""),
    );
  t.strictSame(said("2", "0.4"), [
    "400ms is not whole, and version 2 counts whole seconds (1..255): use version: 3, or whole ones [advert-interval]",
  ]);
  t.match(said("2", "1500ms"), [/1500ms is not whole/]);
  t.strictSame(said("2", "255"), []);
  t.match(said("2", "256"), [/256s is outside 10ms\.\.255s/]);
  t.strictSame(said("3", "40.95"), []);
  t.match(said("3", "40.96"), [/40960ms is more than version 3 can say \(10ms\.\.40\.95s\)/]);
  t.match(said("3", "41"), [/41s is more than version 3 can say/]);
  t.strictSame(said("3", "0.01"), []);
  t.match(said("3", "0.009"), [/0\.009s is outside 10ms\.\.255s/]);
  t.match(said("3", "15ms"), [/15ms is between the steps of 10ms/]);
  t.match(codes(`global_defs: { vrrp_version: 2 }\n${instance({ advert_int: "0.5" })}`), [
    "7:17 error advert-interval",
  ]);
  t.strictSame(codes(`global_defs: { vrrp_version: 3 }\n${instance({ advert_int: "0.5" })}`), []);
  t.strictSame(
    codes(instance({ version: "4", advert_int: "0.5" })),
    ["6:14 error out-of-range"],
    "no second complaint",
  );
  t.end();
});

t.test("preempt and nopreempt must not contradict each other", (t) => {
  for (const value of ["true", "false"]) {
    t.strictSame(
      complaints(instance({ preempt: value, nopreempt: value })),
      [
        `7:5: error: vrrp_instances.web.nopreempt: contradicts preempt: ${value}: keep one of the two ` +
          "[preempt-contradiction]",
      ],
      value,
    );
  }
  t.strictSame(complaints(instance({ preempt: "true", nopreempt: "false" })), []);
  t.end();
});

t.test("an address owner that is not to preempt is told", (t) => {
  const owner = "directors: { lvs1: { priority: 255 }, lvs2: { priority: 1 } }\n";
  const plain = ["6:5 warning owner-nopreempt"];
  t.strictSame(codes(instance({ nopreempt: "true", priority: "255" })), plain);
  t.strictSame(codes(instance({ preempt: "false", priority: "255" })), plain);
  t.strictSame(codes(`${owner}${instance({ nopreempt: "true" })}`), ["7:5 warning owner-nopreempt"]);
  t.strictSame(codes(instance({ nopreempt: "true", priority: "254" })), []);
  t.strictSame(codes(`${owner}${instance({ nopreempt: "true", priority: "{ lvs1: 9 }" })}`), []);
  t.strictSame(codes(instance({ nopreempt: "false", priority: "255" })), []);
  t.end();
});

t.test("a checksum of version 3 in version 2 is told", (t) => {
  t.strictSame(codes(instance({ v3_checksum_as_v2: "true" })), ["6:5 warning unused-checksum"]);
  t.strictSame(codes(instance({ v3_checksum_as_v2: "true", version: "3" })), []);
  t.end();
});

t.test("an advert carries 1 to 255 addresses", (t) => {
  const addresses = (count: number): string =>
    `[${Array.from({ length: count }, (_, index) => `10.0.0.${index}`).join(", ")}]`;
  t.strictSame(codes(instance({ virtual_ipaddress: addresses(255) })), []);
  t.strictSame(codes(instance({ virtual_ipaddress: addresses(256) })), ["5:5 error out-of-range"]);
  t.match(complaints(instance({ virtual_ipaddress: "[]" })), [
    /0 addresses are outside 1\.\.255.* at least one/,
  ]);
  t.end();
});

t.test("a virtual router id is one instance's on an interface", (t) => {
  t.strictSame(complaints(pair({ virtual_router_id: "51" })), [
    "8:24: error: vrrp_instances.db.virtual_router_id: web has id 51 on eth0 too (line 4): give each its own " +
      "[duplicate-vrid]",
  ]);
  t.strictSame(complaints(pair({ virtual_router_id: "51", interface: "eth1" })), []);
  t.strictSame(complaints(pair({})), []);
  t.end();
});

t.test("an address is one instance's", (t) => {
  t.strictSame(complaints(pair({ virtual_ipaddress: "[192.0.2.7, 192.0.2.100/32 dev eth1]" })), [
    "9:36: error: vrrp_instances.db.virtual_ipaddress[1]: 192.0.2.100 is in web already (line 5): keep one " +
      "[duplicate-address]",
  ]);
  t.strictSame(codes(instance({ virtual_ipaddress: "[192.0.2.1, 192.0.2.1]" })), [
    "5:36 error duplicate-address",
  ]);
  t.end();
});

t.test("an interface that is not there is only a warning", (t) => {
  const text = instance({ interface: "wan", virtual_ipaddress: "[192.0.2.1 dev dmz, 192.0.2.2 dev eth1]" });
  t.strictSame(complaints(text), [
    "3:16: warning: vrrp_instances.web.interface: this machine has no interface wan now [interface-missing]",
    "5:25: warning: vrrp_instances.web.virtual_ipaddress[0]: this machine has no interface dmz now " +
      "[interface-missing]",
  ]);
  t.strictSame(
    codes(text, { environment: { ...MACHINE, interfaces: () => undefined } }),
    [],
    "when nobody knows",
  );
  t.end();
});

t.test("a virtual server and a real server are each there once", (t) => {
  const text = `${instance()}virtual_servers:
  - { address: 192.0.2.100, port: 80 }
  - { address: 192.0.2.100, port: 80, protocol: UDP }
  - { address: 192.0.2.100, port: 80, protocol: tcp }
  - address: 192.0.2.100
    port: 81
    real_servers:
      - { address: 198.51.100.21 }
      - { address: 198.51.100.21, port: 80 }
      - { address: 198.51.100.21, port: 81, weight: 2 }
`;
  t.strictSame(complaints(text), [
    "9:5: error: virtual_servers[2]: tcp 192.0.2.100:80 is there already (line 7) [duplicate-virtual-server]",
    "15:9: error: virtual_servers[3].real_servers[2]: 198.51.100.21:81 is there already (line 13) " +
      "[duplicate-real-server]",
  ]);
  t.end();
});

t.test("a virtual server's address that no instance has is told, unless instances could not be read", (t) => {
  const server = "virtual_servers: [{ address: 192.0.2.99, port: 80 }]\n";
  t.strictSame(codes(`${instance()}${server}`), ["6:30 warning uncovered-address"]);
  t.strictSame(codes(server), ["1:30 warning uncovered-address"]);
  t.strictSame(codes(`${instance({ virtual_ipaddress: "[x]" })}${server}`), ["5:25 error bad-address"]);
  t.end();
});

t.test("direct routing cannot change the port", (t) => {
  const text = (method: string, real: string): string =>
    `${instance()}virtual_servers:
  - { address: 192.0.2.100, port: 80, lvs_method: ${method}, real_servers: [{ address: 198.51.100.21, ${real} }] }
`;
  t.match(complaints(text("DR", "port: 8080")), [
    /real_servers\[0\]\.port: 8080 is not the virtual server's 80, and DR cannot rewrite ports/,
  ]);
  t.strictSame(codes(text("NAT", "port: 8080, lvs_method: DR")).length, 1);
  for (const [method, real] of [
    ["DR", "port: 80"],
    ["DR", "weight: 1"],
    ["NAT", "port: 8080"],
    ["DR", "port: 8080, lvs_method: NAT"],
  ] as const) {
    t.strictSame(codes(text(method, real)), [], `${method} ${real}`);
  }
  t.end();
});

t.test("a check has exactly one type", (t) => {
  const said = (check: string): string[] => complaints(serverWithChecks(`- ${check}\n`));
  t.match(said("{ tcp: {}, send_expect: { expect: x } }"), [
    /make each a list item of its own \[check-type\]/,
  ]);
  t.match(said("{}"), [/this one is empty \[check-type\]/]);
  t.match(said("tcp"), [/write a map with the check's type as its one key, such as \{ tcp: \{\} \}/]);
  t.match(said("{ tcp: 5 }").length, 1, "a type that could not be read counts");
  t.match(said("{ tpc: {} }"), [/did you mean tcp\?/]);
  t.strictSame(said("{ tcp: null }"), []);
  t.end();
});

t.test("a script can be run, or it is told why not", (t) => {
  const said = (command: string): string[] =>
    complaints(serverWithChecks(`- script: { command: ${command} }\n`));
  t.strictSame(said("[/usr/lib/relevo/check-web, x]"), []);
  t.strictSame(said("[/nowhere]"), [
    "12:33: error: virtual_servers[0].real_servers[0].checks[0].script.command[0]: there is no /nowhere: put it there " +
      "or mend the path [script-missing]",
  ]);
  t.match(said("[/etc]"), [/\/etc is no regular file \[script-not-executable\]/]);
  t.match(said("[/etc/motd]"), [/\/etc\/motd is not executable: chmod \+x it \[script-not-executable\]/]);
  t.match(said("[/root/secret]"), [/warning: .* could not be looked at by this user \[script-unverified\]/]);
  t.match(said("[check-web]"), [/absolute path.* \[script-path\]/]);
  t.match(said("[./check-web]"), [/\[script-path\]/]);
  t.match(said("['']"), [/\[script-path\]/]);
  t.match(said("[]"), [/is empty: give the program's path/]);
  t.match(said("/usr/lib/relevo/check-web x"), [/write a list, not the text/]);
  t.match(said("[/usr/lib/relevo/check-web, 80]"), [/write text in quotes, not the number 80/]);
  t.match(said('[/usr/lib/relevo/check-web, "a\\0b"]'), [/a NUL byte cannot be passed/]);
  t.end();
});

t.test("a script's account exists and is not root", (t) => {
  const script = (user: string): string =>
    serverWithChecks(`- script: { command: [/usr/lib/relevo/check-web]${user} }\n`);
  t.match(complaints(script(", user: nosuch")), [
    /script\.user: there is no user nosuch: add it.* \[user-missing\]/,
  ]);
  t.match(complaints(script(", user: root")), [/scripts do not run as root.* \[user-root\]/]);
  t.strictSame(complaints(script(", user: checker")), []);
  t.strictSame(codes(`global_defs: { script_user: root }\n${script("")}`), ["1:29 error user-root"]);
  t.strictSame(
    codes(`global_defs: { script_user: root }\n${instance()}`),
    ["1:29 error user-root"],
    "used or not",
  );
  const nobody = { environment: { ...MACHINE, user: () => undefined } };
  t.strictSame(
    codes(script(""), nobody),
    ["1:1 error user-missing"],
    "the default has to exist when it is used",
  );
  t.strictSame(codes(instance(), nobody), [], "and only then");
  t.end();
});

t.test("a file that asks for nothing is told", (t) => {
  t.strictSame(codes("metrics: false\n"), ["1:1 warning nothing-to-do"]);
  t.strictSame(codes("{}\n"), ["1:1 warning nothing-to-do"]);
  t.end();
});

t.test("everything is told in one pass, in the order of the file", (t) => {
  const text = `directors: { lvs1: { priority: 0 }, lvs2: { priority: 100 } }
vrrp_instances:
  web: { interface: eth0, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100], oops: 1 }
  db: { interface: eth0, virtual_router_id: 51, virtual_ipaddress: [192.0.2.100], advert_int: x }
virtual_servers:
  - { address: 192.0.2.100, port: -1, real_servers: [{ port: 1 }] }
`;
  t.strictSame(codes(text), [
    "1:32 error out-of-range",
    "3:84 error unknown-key",
    "4:45 error duplicate-vrid",
    "4:69 error duplicate-address",
    "4:95 error bad-duration",
    "6:35 error out-of-range",
    "6:54 error missing-key",
  ]);
  t.end();
});
