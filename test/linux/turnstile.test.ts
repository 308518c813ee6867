/** Goal: so many at once, the others in their order, whatever becomes of those before them. Method: work that ends on command. */

import t from "tap";
import { Turnstile } from "../../src/linux/turnstile.ts";

t.test("two at once, the third when one of them has ended, even by failing", async (t) => {
  const turnstile = new Turnstile(2);
  const begun: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const start = (name: string) =>
    turnstile.pass(() => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => ends.set(name, { resolve, reject }));
    });
  const [one, two, three, four] = ["one", "two", "three", "four"].map(start);
  t.same(begun, ["one", "two"], "the first ones at once");
  ends.get("two")?.reject(new Error("no"));
  await t.rejects(two ?? Promise.resolve(), { message: "no" });
  t.same(begun, ["one", "two", "three"]);
  ends.get("one")?.resolve();
  await one;
  t.same(begun, ["one", "two", "three", "four"]);
  ends.get("three")?.resolve();
  ends.get("four")?.resolve();
  await Promise.all([three, four]);

  const [five] = [start("five"), start("six")];
  t.same(begun.slice(4), ["five", "six"], "both places are free again");
  t.ok(five);
});
