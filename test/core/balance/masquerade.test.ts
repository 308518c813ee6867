/**
 * Goal: masquerading is asked of the kernel as linux/netfilter/nf_tables.h has it. Method: the types of the messages, and the
 * bytes of a rule by hand.
 */

import t from "tap";
import { masqueradedFamilies, masqueradeTables } from "../../../src/core/balance/masquerade.ts";
import { ip } from "./servers.ts";

const WANTED = {
  interface: "eth0",
  sources: [
    { address: ip("198.51.100.77"), prefixLength: 23 },
    { address: ip("2001:db8:2::"), prefixLength: 64 },
  ],
};
/** NFNL_SUBSYS_NFTABLES 10, and the number of the message: 0 and 2 tables, 3 a chain, 6 a rule. */
const kinds = (requests: readonly { readonly type: number; readonly data: Uint8Array }[]) =>
  requests.map(({ type, data }) => `${type & 0xff} ${data[0]}`);

t.test("a table for each family, in the place of the one before", (t) => {
  t.same(masqueradedFamilies(WANTED), [4, 6]);
  const made = ["0", "2", "0", "3", "6"];
  t.same(kinds(masqueradeTables(WANTED, [])), [...made.map((k) => `${k} 2`), ...made.map((k) => `${k} 10`)]);
  t.same(kinds(masqueradeTables(undefined, [6])), ["0 10", "2 10"]);
  t.same(masqueradeTables(undefined, []), []);
  t.end();
});

t.test("a rule compares the interface and the masked source", (t) => {
  const rule = Buffer.from(masqueradeTables(WANTED, [])[4]?.data ?? []).toString("latin1");
  const has = (hex: string, what: string) =>
    t.ok(rule.includes(Buffer.from(hex, "hex").toString("latin1")), what);
  has(Buffer.from("eth0").toString("hex") + "00".repeat(12), "the name in sixteen bytes");
  has("fffffe00", "the mask of 23 bits");
  has("c6336400", "and the network under it");
  t.notOk(
    rule.includes(Buffer.from("c633644d", "hex").toString("latin1")),
    "not the address as it was written",
  );
  t.ok(rule.includes("masq\0"));
  t.end();
});
