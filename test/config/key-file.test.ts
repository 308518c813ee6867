/** Goal: a key file is read as it is written, and what is wrong with one is said without the key. Method: texts by hand. */

import t from "tap";
import { newKeyFile, parseKeyFile } from "../../src/config/key-file.ts";

const HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

t.test("id and key, with comments, in either order and with any end of line", (t) => {
  const key = { id: 255, key: Uint8Array.from({ length: 32 }, (_, index) => index) };
  t.strictSame(parseKeyFile(`id: 255\nkey: ${HEX}\n`), { key });
  t.strictSame(parseKeyFile(`# a\r\n\r\n key:${HEX.toUpperCase()} # b\r\nid:  255`), { key });
  t.end();
});

t.test("a new one is another each time, and reads as its id", (t) => {
  const [one, other] = [newKeyFile(0), newKeyFile(0)];
  t.not(one, other);
  t.match(one, /^# .*\nid: 0\nkey: [0-9a-f]{64}\n$/);
  t.match(parseKeyFile(one), { key: { id: 0 } });
  t.end();
});

const FAULTY: [string, string, RegExp][] = [
  ["nothing", "", /no line `id: N`/],
  ["no id", `key: ${HEX}`, /no line `id: N`/],
  ["an id too large", `id: 256\nkey: ${HEX}`, /from 0 to 255/],
  ["an id that is no number", `id: one\nkey: ${HEX}`, /from 0 to 255/],
  ["no key", "id: 1", /no line `key: …` with 64/],
  ["a key too short", `id: 1\nkey: ${HEX.slice(2)}`, /with 64 hexadecimal digits/],
  ["a key too long", `id: 1\nkey: ${HEX}00`, /with 64 hexadecimal digits/],
  ["a key in other letters", `id: 1\nkey: ${HEX.replace("0f", "0g")}`, /with 64 hexadecimal digits/],
  ["a key that is not random", `id: 1\nkey: ${"00".repeat(32)}`, /not random/],
  ["two keys", `id: 1\nkey: ${HEX}\nkey: ${HEX}`, /two lines `key`/],
  ["something else", `id: 1\nkey: ${HEX}\nname: x`, /neither/],
  ["a key alone", HEX, /neither/],
];
for (const [name, text, fault] of FAULTY) {
  t.test(`refused, and the key is not told: ${name}`, (t) => {
    const parsed = parseKeyFile(text);
    t.match(parsed, { fault });
    t.notMatch(JSON.stringify(parsed), /0203/);
    t.end();
  });
}
