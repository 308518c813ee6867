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
    lower_prio_no_advert: "true",
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
    "vrrp_lower_prio_no_advert: true",
    "vrrp_higher_prio_send_advert: true",
  ]) {
    t.strictSame(codes(`global_defs: { vrrp_strict: true, ${setting} }\n${instance()}`), [
      "1:35 error not-strict",
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
