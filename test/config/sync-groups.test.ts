/**
 * What sync groups say about instances. Goal: a group that cannot move together is refused or told, where it says so.
 * Method: two instances, `web` and `db`, and one group each; the groups stand in the first line.
 */

import t from "tap";
import { codes, complaints, configOf, instance } from "./reading.ts";

const other = instance({ virtual_router_id: "52", virtual_ipaddress: "[192.0.2.101/24]" });

function file(groups: string, db: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(db).map(([key, value]) => `    ${key}: ${value}\n`);
  const second = other.replace("vrrp_instances:\n", "").replace("web", "db") + lines.join("");
  return `vrrp_sync_groups: ${groups}\n${instance()}${second}`;
}

t.test("its members know their group", (t) => {
  const { routers } = configOf(file("{ lan: { group: [web, db] } }")).failover;
  t.same(
    routers.map(({ syncGroup }) => syncGroup),
    ["lan", "lan"],
  );
  t.same(codes(file("{ lan: { group: [web, db] } }")), []);
  t.end();
});

t.test("a member has to be an instance, and in one group once", (t) => {
  t.strictSame(complaints(file("{ lan: { group: [web, bd] } }")), [
    '1:41: error: vrrp_sync_groups.lan.group[1]: "bd" is none of the instances: did you mean db? [unknown-member]',
  ]);
  t.strictSame(complaints(file("{ lan: { group: [web, db, web] } }")), [
    "1:45: error: vrrp_sync_groups.lan.group[2]: web is in lan already (line 1): an instance moves with one group " +
      "[duplicate-member]",
  ]);
  t.match(codes(file("{ lan: { group: [web, db] }, wan: { group: [db, web] } }")), [
    /duplicate-member/,
    /duplicate-member/,
  ]);
  t.end();
});

t.test("a member may track what makes a fault, and no weight", (t) => {
  const tracking = (item: string) =>
    codes(file("{ lan: { group: [web, db] } }", { track_interface: `[${item}]` }));
  t.strictSame(tracking("eth1"), []);
  t.strictSame(tracking("{ interface: eth1, weight: 0 }"), []);
  t.strictSame(tracking("{ interface: eth1, weight: -10 }"), ["11:23 error sync-group-track"]);
  t.end();
});

t.test("a group of one moves nobody, and an owner would drag the others along", (t) => {
  t.strictSame(codes(file("{ lan: { group: [web] } }")), ["1:28 warning lonely-member"]);
  t.strictSame(codes(file("{ lan: { group: [web, db] } }", { priority: "255" })), [
    "1:28 warning mixed-owners",
  ]);
  t.match(complaints("vrrp_sync_group: {}\n"), [/is vrrp_sync_groups here/]);
  t.end();
});

t.test("members that prefer different directors would never come to rest", (t) => {
  const directors = "directors: { lvs1: { priority: 150 }, lvs2: { priority: 100 } }\n";
  const group = file("{ lan: { group: [web, db] } }", { priority: "{ lvs1: 100, lvs2: 150 }" });
  t.strictSame(complaints(directors + group), [
    "2:28: error: vrrp_sync_groups.lan.group: its members want different masters, and would never come to rest: " +
      "web prefers lvs1, db prefers lvs2 [split-group]",
  ]);
  const agreed = file("{ lan: { group: [web, db] } }", { priority: "{ lvs1: 200, lvs2: 150 }" });
  t.strictSame(complaints(directors + agreed), []);
  t.end();
});
