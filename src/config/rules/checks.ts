/**
 * Checks: exactly one type each, and scripts that can be run.
 */

import type { Path } from "../diagnostic.ts";
import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { CheckContent, LooseContent } from "../schema/file.ts";
import { checkCommand, checkUser } from "./programs.ts";

type Check = NonNullable<Loose<CheckContent>>;

/** The rules for checks. */
export function checkChecks(content: LooseContent, environment: Environment, findings: Findings): void {
  for (const [path, check] of allChecks(content)) {
    checkType(path, check, findings);
    checkExpression([...path, "send_expect", "expect"], check.send_expect?.expect, findings);
    if (check.script === undefined) continue;
    const place = [...path, "script"];
    checkCommand([...place, "command"], check.script.command, environment, findings);
    if (check.script.user !== undefined)
      checkUser([...place, "user"], check.script.user, environment, findings);
  }
}

/** True when a check runs under the account of `global_defs`. */
export function checksNeedGlobalUser(content: LooseContent): boolean {
  return [...allChecks(content)].some(([, { script }]) => script !== undefined && script.user === undefined);
}

function* allChecks(content: LooseContent): Generator<[Path, Check]> {
  for (const [v, virtual] of (content.virtual_servers ?? []).entries()) {
    for (const [r, real] of (virtual?.real_servers ?? []).entries()) {
      for (const [c, check] of (real?.checks ?? []).entries()) {
        if (check !== undefined) yield [["virtual_servers", v, "real_servers", r, "checks", c], check];
      }
    }
  }
}

function checkType(path: Path, check: Check, findings: Findings): void {
  const types = Object.values(check).filter((type) => type !== undefined);
  if (types.length === 1 || findings.touches(path)) return;
  const advice = types.length === 0 ? "this one is empty" : "make each a list item of its own";
  findings.add("check-type", path, `a check is one of tcp, send_expect and script: ${advice}`);
}

/** The answer is looked at byte by byte, in which a letter beyond ASCII is two or more. */
function checkExpression(path: Path, expect: string | undefined, findings: Findings): void {
  const letter = /[^\0-\x7f]/u.exec(expect ?? "")?.[0];
  if (letter === undefined) return;
  const bytes = [...Buffer.from(letter)].map((byte) => `\\x${byte.toString(16)}`).join("");
  const message = `${letter} is compared with single bytes: write ${bytes} if the server answers in UTF-8`;
  findings.add("expect-not-ascii", path, message);
}
