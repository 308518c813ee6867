/**
 * The digest. Goal: it changes with the meaning and with nothing else, and both directors come to the same one.
 */

import t from "tap";
import { configOf, instance, MACHINE, serverWithChecks } from "./reading.ts";

const digest = (text: string, options = {}): string => configOf(text, options).digest;

t.test("it is 16 hexadecimal digits", (t) => {
  t.match(digest(instance()), /^[0-9a-f]{16}$/);
  t.end();
});

t.test("comments, order of keys, spelling and defaults written out change nothing", (t) => {
  const first = `
vrrp_instances:
  a: { interface: eth0, virtual_router_id: 1, virtual_ipaddress: [192.0.2.1, 192.0.2.2/24 dev eth1] }
  b: { interface: eth0, virtual_router_id: 2, virtual_ipaddress: [192.0.2.3] }
virtual_servers:
  - { address: 192.0.2.1, port: 80, real_servers: [{ address: 10.0.0.1, checks: [tcp: ] }] }
`;
  const second = `
# the same
virtual_servers:
  - port: 80
    protocol: TCP
    address: 192.0.2.1
    lvs_method: nat
    delay_loop: 1m
    real_servers: [{ port: 80, address: 10.0.0.1, weight: 1, checks: [tcp: { retry: 1, warmup: 60 }] }]
metrics: {}
vrrp_instances:
  b: { priority: 100, interface: eth0, virtual_router_id: 2, virtual_ipaddress: [192.0.2.3/32] }
  a:
    virtual_router_id: 1
    interface: eth0
    preempt: true
    advert_int: 1000ms
    virtual_ipaddress: [192.0.2.1/32 dev eth0, { address: 192.0.2.2/24, dev: eth1 }]
`;
  t.equal(digest(first), digest(second));
  t.end();
});

t.test("both directors come to the same one, whatever their accounts' numbers", (t) => {
  const text = `directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }
${serverWithChecks("- script: { command: [/usr/lib/relevo/check-web] }\n")}`;
  const environment = { ...MACHINE, user: (name: string) => ({ name, uid: 7, gid: 8 }) };
  t.equal(digest(text, { node: "lvs1" }), digest(text, { node: "lvs2", environment }));
  t.end();
});

t.test("any change of meaning changes it", (t) => {
  const base = (check: string): string => serverWithChecks(`- ${check}\n`);
  const texts = [
    instance(),
    instance({ advert_int: "2" }),
    instance({ virtual_ipaddress: "[192.0.2.100/25]" }),
    instance({ virtual_ipaddress: "[192.0.2.100/24, 192.0.2.101]" }),
    instance({ virtual_ipaddress: "[192.0.2.101, 192.0.2.100/24]" }),
    `metrics: false\n${instance()}`,
    `metrics: { port: 1 }\n${instance()}`,
    `global_defs: { vrrp_rt_priority: 0 }\n${instance()}`,
    `directors: { lvs1: { priority: 100 } }\n${instance()}`,
    `directors: { lvs1: { priority: 100 }, lvs2: { priority: 90 } }\n${instance()}`,
    `directors: { lvs1: { priority: 100 }, lvs2: { priority: 91 } }\n${instance()}`,
    base("tcp: {}"),
    base("tcp: { connect_port: 81 }"),
    base("send_expect: { expect: a }"),
    base("send_expect: { expect: a, send: a }"),
    base("send_expect: { expect: a, send: b }"),
    base("script: { command: [/usr/lib/relevo/check-web] }"),
    base("script: { command: [/usr/lib/relevo/check-web], user: checker }"),
  ];
  t.equal(new Set(texts.map((text) => digest(text))).size, texts.length);
  t.end();
});
