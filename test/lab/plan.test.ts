/** The lab on paper: what is asked of the directors, and what their kernels should then have. */

import t from "tap";
import { wantedTable } from "../../src/lab/ipvs-table.ts";
import { parseOptions } from "../../src/lab/options.ts";
import { IN_GUEST, type Method, machines, ON_HOST, takeoverBound } from "../../src/lab/plan.ts";
import { machineCommands } from "../../src/lab/topology.ts";
import { ms } from "./record.ts";

t.test("the wanted table has a dead real server at weight 0", async (t) => {
  t.same(wantedTable("nat", new Set(["rs2"])), [
    "-A -t 192.0.2.100:80 -s rr",
    "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1",
    "-a -t 192.0.2.100:80 -r 198.51.100.22:80 -m -w 0",
    "-a -t 192.0.2.100:80 -r 198.51.100.23:80 -m -w 1",
  ]);
  t.equal(wantedTable("dr", new Set())[1], "-a -t 192.0.2.100:80 -r 192.0.2.21:80 -g -w 1");
  t.equal(
    wantedTable("tun", new Set())[1],
    "-a -t 192.0.2.100:80 -r 198.51.100.21:80 -i -w 1 --tun-type ipip",
  );
});

t.test("a real server finds back through the floating gateway, or has a way of its own", async (t) => {
  const commands = (method: Method) =>
    machines(method)
      .filter(({ name }) => name === "rs1")
      .flatMap(machineCommands);
  t.same(commands("nat"), [
    "link set lo up",
    "addr add 198.51.100.21/24 dev eth0",
    "link set eth0 up",
    "route add default via 198.51.100.1",
  ]);
  t.same(commands("dr"), ["link set lo up", "addr add 192.0.2.21/24 dev eth0", "link set eth0 up"]);
  t.same(commands("tun").slice(1), [
    "addr add 198.51.100.21/24 dev eth0",
    "link set eth0 up",
    "addr add 192.0.2.21/24 dev eth1",
    "link set eth1 up",
  ]);
});

t.test("a takeover is due after three adverts, the skew, and one advert more", async (t) => {
  // Priority 100: (256 - 100) / 256 of a second is 609 ms.
  t.equal(Math.round((takeoverBound(ON_HOST) - ON_HOST.lateness) / 1000), 4609);
  t.ok(takeoverBound(IN_GUEST) > takeoverBound(ON_HOST) && takeoverBound(ON_HOST) > ms(4609));
});

t.test("the options", async (t) => {
  t.same(parseOptions([]), { method: "nat", keep: false, clean: false, help: false });
  t.match(parseOptions(["--method", "dr", "--keep"]), { method: "dr", keep: true });
  t.match(parseOptions(["--method", "tun"]), { method: "tun" });
  t.throws(() => parseOptions(["--method", "warp"]), /it is one of nat, dr, tun/);
  t.throws(() => parseOptions(["--frobnicate"]));
});
