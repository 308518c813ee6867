/**
 * Goal: a strict instance is RFC 9568's or refused. Method: one deviation a file, at the instance and in global_defs.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const strict = (keys: Readonly<Record<string, string>> = {}) => instance({ strict_mode: "true", ...keys });

t.test("each setting that the RFC does not know is told, at its place", (t) => {
  for (const [key, value] of Object.entries({
    down_timer_adverts: "4",
    preempt_delay: "1",
    unicast_peer: "[192.0.2.12]",
    higher_prio_send_advert: "true",
    virtual_ipaddress_excluded: "[192.0.2.101]",
    use_vmac: '{ mac: "02:00:00:00:00:33" }',
    use_ipvlan: "{ address: 192.0.2.21/24 }",
  })) {
    t.strictSame(codes(strict({ [key]: value })), ["7:5 error not-strict"], key);
    t.strictSame(codes(instance({ [key]: value })), [], `${key} without strict_mode`);
    const own = strict({ [key]: value, strict_mode: "false" });
    t.strictSame(codes(`global_defs: { vrrp_strict: true }\n${own}`), [], "the instance's own word counts");
  }
  t.strictSame(codes(strict({ use_vmac: "true" })), [], "the virtual hardware address is the RFC's");
  t.strictSame(codes(strict({ use_vmac: "true", vmac_xmit_base: "true" })), ["8:5 error not-strict"]);
  t.strictSame(complaints(strict({ preempt_delay: "1" })), [
    "7:5: error: vrrp_instances.web.preempt_delay: web is strict, and a backup that preempts does not wait " +
      "(RFC 9568 §6.4.2): leave it out, or strict_mode [not-strict]",
  ]);
  t.end();
});

t.test(
  "accept mode: off when strict, unless version 3 is told otherwise; the owner is always a host",
  (t) => {
    const accepts = (text: string) => configOf(text).failover.routers[0]?.accept;
    t.equal(accepts(instance()), true);
    t.equal(accepts(instance({ no_accept: "true" })), false);
    t.equal(accepts(instance({ accept: "false" })), false);
    t.equal(accepts(instance({ accept: "true", no_accept: "false" })), true);
    t.equal(accepts(strict()), false);
    t.equal(accepts(strict({ version: "3", accept: "true" })), true);
    t.equal(accepts(strict({ version: "3", no_accept: "false" })), true);
    t.equal(accepts(strict({ priority: "255" })), true);
    t.equal(accepts(instance({ priority: "255", no_accept: "true" })), true);
    t.strictSame(codes(strict({ accept: "true" })), ["7:5 error not-strict"]);
    t.strictSame(codes(strict({ no_accept: "false" })), ["7:5 error not-strict"]);
    t.strictSame(complaints(instance({ accept: "true", no_accept: "true" })), [
      "7:5: error: vrrp_instances.web.no_accept: contradicts accept: true: keep one of the two [accept-contradiction]",
    ]);
    t.end();
  },
);

t.test("or in global_defs, where it was inherited", (t) => {
  for (const setting of [
    "vrrp_down_timer_adverts: 4",
    "vrrp_mcast_group4: 239.1.2.18",
    "vrrp_version: 3, vrrp_lower_prio_no_advert: true",
    "vrrp_higher_prio_send_advert: true",
  ]) {
    const column = setting.startsWith("vrrp_version") ? 52 : 35;
    t.strictSame(codes(`global_defs: { vrrp_strict: true, ${setting} }\n${instance()}`), [
      `1:${column} error not-strict`,
    ]);
  }
  const own = "down_timer_adverts";
  t.strictSame(codes(`global_defs: { vrrp_${own}: 4 }\n${strict({ [own]: "3" })}`), []);
  t.end();
});

t.test("version 3 sends the checksum of RFC 9568, version 2 has but one", (t) => {
  const form = (text: string) => configOf(text).failover.routers[0]?.v3ChecksumAsV2;
  t.equal(form(strict({ version: "3" })), true);
  t.equal(form(strict({ version: "2" })), false);
  t.equal(form(instance({ version: "3" })), false);
  t.equal(form(`global_defs: { vrrp_strict: true, vrrp_version: 3 }\n${instance()}`), true);
  t.strictSame(codes(strict({ version: "3", v3_checksum_as_v2: "false" })), ["8:5 error not-strict"]);
  t.strictSame(codes(strict({ version: "3", nopreempt: "true" })), [], "Preempt_Mode is the RFC's");
  t.end();
});

t.test("adverts go to the RFC's group, and no router passes them on", (t) => {
  const six = { virtual_ipaddress: '["fe80::100/64", "2001:db8::100/64"]' };
  const groups = (four: string, six: string) =>
    `global_defs: { vrrp_mcast_group4: ${four}, vrrp_mcast_group6: "${six}" }\n`;
  const foreign = groups("239.1.2.18", "ff02::1234");
  t.strictSame(codes(`${foreign}${strict()}`), ["1:16 error not-strict"]);
  t.strictSame(codes(`${foreign}${strict(six)}`), ["1:47 error not-strict"]);
  t.strictSame(codes(`${foreign}${instance()}`), [], "without strict_mode");
  t.strictSame(codes(`${groups("224.0.0.18", "ff02::12")}${strict()}`), []);
  t.strictSame(codes(`${foreign}${strict({ unicast_peer: "[192.0.2.12]" })}`), ["8:5 error not-strict"]);
  const peers = { unicast_peer: "[192.0.2.12]", unicast_ttl: "64" };
  t.strictSame(codes(strict(peers)), ["7:5 error not-strict", "8:5 error not-strict"]);
  t.match(complaints(strict({ ...peers, unicast_ttl: "255" })), [
    /unicast_peer: web is strict, and adverts go to a multicast group \(RFC 9568 §5.1.1.2\): leave it out/,
  ]);
  t.end();
});

t.test("a lesser master is answered in version 3; RFC 3768 has its advert discarded", (t) => {
  const silent = { lower_prio_no_advert: "true" };
  t.strictSame(codes(strict({ version: "3", ...silent })), ["8:5 error not-strict"]);
  t.strictSame(codes(strict({ version: "2", ...silent })), []);
  t.strictSame(codes(instance({ version: "3", ...silent })), [], "without strict_mode");
  t.end();
});

t.test("IPv6 is version 3, whatever vrrp_version says", (t) => {
  const six = { virtual_ipaddress: '["fe80::100/64", "2001:db8::100/64"]' };
  for (const version of ["2", "3"]) {
    const said = (keys: Readonly<Record<string, string>>) =>
      codes(`global_defs: { vrrp_version: ${version} }\n${strict({ ...six, ...keys })}`);
    t.strictSame(said({ accept: "true" }), []);
    t.strictSame(said({ no_accept: "false" }), []);
    t.strictSame(said({ v3_checksum_as_v2: "false" }), [], "IPv6 has one form of the checksum");
    t.strictSame(said({ lower_prio_no_advert: "true" }), ["8:5 error not-strict"]);
  }
  t.end();
});
