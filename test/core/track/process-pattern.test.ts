/** Goal: which processes are meant, and how many are enough. Method: a table by keepalived's manual. */

import t from "tap";
import type { TrackedProcess } from "../../../src/core/track/model.ts";
import { hasQuorum, isMeant } from "../../../src/core/track/process-pattern.ts";
import { ZERO } from "../../../src/core/units/time.ts";

function tracked(command: string, match: TrackedProcess["match"]): TrackedProcess {
  const [program = "", ...parameters] = command.split(" ");
  return {
    name: "x",
    command: [program, ...parameters],
    match,
    quorum: 1,
    quorumMax: 65_535,
    forkDelay: ZERO,
    terminateDelay: ZERO,
  };
}

t.test("who is meant", (t) => {
  const cases: readonly [string, TrackedProcess["match"], name: string, line: string, meant: boolean][] = [
    ["haproxy", "name", "haproxy", "/usr/sbin/haproxy -W", true],
    ["ssh", "name", "sshd", "sshd", false],
    ["a-very-long-name-of-a-program", "name", "a-very-long-nam", "x", true],
    ["kthreadd", "name", "kthreadd", "", true],
    ["/bin/a -x", "command", "a", "/bin/a -x", true],
    ["/bin/a -x", "command", "a", "/bin/a -x -y", false],
    ["/bin/a", "command", "a", "/bin/a -x", false],
    ["a", "command", "a", "/bin/a", false],
    ["/bin/a -x", "partial", "a", "/bin/a -x -y", true],
    ["/bin/a -x", "partial", "a", "/bin/a -xz -y", false],
    ["/bin/a -x", "partial", "a", "/bin/a", false],
    ["/bin/a -x /etc", "initial", "a", "/bin/a -x /etc/a.conf", true],
    ["/bin/a -x /etc", "initial", "a", "/bin/a -xx /etc", false],
    ["/bin/a -x", "initial", "a", "/bin/a -x -y", false],
    ["/bin/a", "initial", "a", "/bin/a", true],
    ["/bin/a", "initial", "a", "/bin/a -x", false],
    ["/bin/a", "partial", "a", "/bin/a -x", false],
    ["/bin/a", "command", "a", "", false],
  ];
  for (const [command, match, name, line, meant] of cases) {
    const description = { name, command: line === "" ? [] : line.split(" ") };
    t.equal(isMeant(tracked(command, match), description), meant, `${command} (${match}): ${line}`);
  }
  t.end();
});

t.test("how many are enough", (t) => {
  const wanted = { ...tracked("a", "name"), quorum: 2, quorumMax: 3 };
  t.same(
    [0, 1, 2, 3, 4].map((count) => hasQuorum(wanted, count)),
    [false, false, true, true, false],
  );
  t.ok(hasQuorum({ ...wanted, quorum: 0, quorumMax: 0 }, 0), "it must not run at all");
  t.end();
});
