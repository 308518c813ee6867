/**
 * Goal: `authentication` is read as it is written, refused where it cannot be, and its password shows nowhere. Method: files
 * with one fault each; every word that is said about them is searched for the password.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const authentication = (type: string, password: string) => ({
  authentication: `{ auth_type: ${type}, auth_pass: ${password} }`,
});

t.test("a password of 1 to 8 bytes", (t) => {
  const read = (type: string, password: string) =>
    configOf(instance(authentication(type, password))).failover.routers[0]?.authentication;
  t.equal(read("PASS", "hush")?.type, "pass");
  t.equal(read("ah", "hush")?.type, "ah");
  t.strictSame([...(read("AH", '"1234"')?.key ?? [])], [0x31, 0x32, 0x33, 0x34]);
  t.equal(read("AH", "12345678x".slice(1))?.key.length, 8);
  t.equal(configOf(instance()).failover.routers[0]?.authentication, undefined);
  t.end();
});

t.test("it is a warning, each time", (t) => {
  t.match(complaints(instance(authentication("PASS", "hush"))), [
    /warning: vrrp_instances.web.authentication: PASS sends the password in the clear: .*\[auth-weak\]$/,
  ]);
  t.match(complaints(instance(authentication("AH", "hush"))), [/AH is an MD5 code .*\[auth-weak\]$/]);
  t.end();
});

t.test("version 3 has none", (t) => {
  const given = authentication("PASS", "hush");
  t.match(complaints(instance({ version: "3", ...given })), [/error: .*\[auth-version\]$/]);
  t.match(complaints(`global_defs: { vrrp_version: 3 }\n${instance(given)}`), [/\[auth-version\]$/]);
  t.end();
});

t.test("version 3 is the only one over IPv6", (t) => {
  const six = instance({
    version: "3",
    virtual_ipaddress: '["fe80::100/64"]',
    ...authentication("PASS", "hush"),
  });
  t.match(complaints(six), [/error: .*IPv6 has version 3 only, .*: leave it out \[auth-version\]$/]);
  t.end();
});

t.test("a strict instance has none", (t) => {
  const strict = instance({ strict_mode: "true", ...authentication("PASS", "hush") });
  t.match(complaints(strict), [
    /authentication: web is strict, and there is no authentication .*\[not-strict\]/,
  ]);
  t.end();
});

t.test("what is no YAML around a password is told without it", (t) => {
  for (const value of ["*hush", "!hush x", "[hush", "@hush", "`hush`", "&hush", "%hush", "{ hush"]) {
    for (const key of ["auth_pass: ", "auth_pass:\n        ", "auth_pass "]) {
      const text = `vrrp_instances:
  web:
    interface: eth0
    virtual_router_id: 51
    virtual_ipaddress: [192.0.2.100]
    authentication:
      auth_type: PASS
      ${key}${value}
`;
      t.notMatch(complaints(text).join("\n"), /hush/, `${key}${value}`);
    }
    const inline = instance({ authentication: `{ auth_type: PASS, auth_pass ${value} }` });
    t.notMatch(complaints(inline).join("\n"), /hush/, value);
  }
  t.end();
});

t.test("a password that cannot be one is refused without being said", (t) => {
  const said = (password: string) => {
    const lines = complaints(instance(authentication("PASS", password)));
    t.notMatch(lines.join("\n"), /7351|verylong/, "not said");
    return lines.map((line) => line.replace(/^.*auth_pass: /, ""));
  };
  t.strictSame(said("verylongsecret"), [
    "14 bytes are outside 1..8: shorten it, on the peer too, where keepalived takes the first 8 in silence [out-of-range]",
  ]);
  t.strictSame(said("éééé7"), [
    "9 bytes are outside 1..8: shorten it, on the peer too, where keepalived takes the first 8 in silence [out-of-range]",
  ]);
  t.strictSame(said('""'), ["0 bytes are outside 1..8: give a password [out-of-range]"]);
  t.strictSame(said("7351"), ["write the password in quotes: without them this is no text [wrong-type]"]);
  t.match(said("[7351]"), [/\[wrong-type\]/]);
  t.match(said("null"), [/\[wrong-type\]/]);
  t.match(codes(instance({ authentication: "{ auth_type: HMAC, auth_pass: x }" })), [/error unknown-value/]);
  t.match(codes(instance({ authentication: "{ auth_type: AH }" })), [/error missing-key/]);
  t.end();
});

t.test("the digest tells passwords apart, and is dear to guess by", (t) => {
  const digest = (type: string, password: string) =>
    configOf(instance(authentication(type, password))).digest;
  const digests = [digest("PASS", "a"), digest("PASS", "b"), digest("AH", "a"), configOf(instance()).digest];
  t.equal(new Set(digests).size, 4);
  t.equal(digest("AH", "a"), digests[2]);
  t.end();
});
