/**
 * Goal: a process that died as master goes on as master only while no backup can have lost patience. Method: 1 s between
 * adverts, the last of which may have gone out 1 s before the death; a backup waits for so many of them.
 */

import t from "tap";
import { mayResume } from "../../../src/core/vrrp/succession.ts";
import { at, router, vip } from "./story.ts";

t.test("for one interval less than a backup waits", (t) => {
  const resumes = (downTimerAdverts: number, second: number) =>
    mayResume(router({ downTimerAdverts }), [vip("192.0.2.100")], at(10), at(second));
  t.ok(resumes(3, 12));
  t.notOk(resumes(3, 12.000_001));
  t.ok(resumes(5, 14));
  t.notOk(resumes(1, 10.000_001));
  t.end();
});

t.test("not without its addresses, excluded ones among them, nor without a death", (t) => {
  const own = router({ addresses: [vip("192.0.2.100"), { ...vip("192.0.2.101"), excluded: true }] });
  t.ok(mayResume(own, [vip("192.0.2.100"), vip("192.0.2.101")], at(10), at(11)));
  t.notOk(mayResume(own, [vip("192.0.2.100")], at(10), at(11)));
  t.notOk(mayResume(own, own.addresses, undefined, at(11)));
  t.end();
});
