/**
 * A configuration file's text, read and checked whole: either a configuration, or the errors that keep it from being
 * one, all of them at once. Nothing is touched on the way; what has to be asked of the machine comes in as an argument.
 *
 * The order of work: YAML with positions (`yaml-source.ts`), each value on its own (`schema/`, by `salvage.ts`), what
 * the values say about one another (`rules/`), and only when none of that found an error, what they mean (`build/`).
 */

import type { RealServerConfig } from "../core/realserver/model.ts";
import { buildConfig } from "./build/config.ts";
import { buildRealServer } from "./build/real-server.ts";
import type { Config } from "./config.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Environment } from "./environment.ts";
import { Findings } from "./findings.ts";
import { checkVirtualAddresses } from "./rules/addresses.ts";
import { checkBfd } from "./rules/bfd.ts";
import { checkAuthentication } from "./rules/authentication.ts";
import { checkChecks, checksNeedGlobalUser } from "./rules/checks.ts";
import { checkDelivery } from "./rules/delivery.ts";
import { checkPriorities, chooseDirector, type Identity } from "./rules/directors.ts";
import { checkHeartbeat } from "./rules/heartbeat.ts";
import { checkInstances } from "./rules/instances.ts";
import { checkIpvs } from "./rules/ipvs.ts";
import { checkInterfaces } from "./rules/interfaces.ts";
import { checkRouting } from "./rules/routing.ts";
import { checkStrictness } from "./rules/strictness.ts";
import { checkSyncGroups } from "./rules/sync-groups.ts";
import { checkTracking, trackingNeedsGlobalUser } from "./rules/tracking.ts";
import { checkNotify, notifyNeedsGlobalUser } from "./rules/notify.ts";
import { checkGlobalUser } from "./rules/programs.ts";
import { checkServiceNotify, serviceNotifyNeedsGlobalUser } from "./rules/service-notify.ts";
import { checkVirtualLinks } from "./rules/virtual-links.ts";
import { checkVirtualServers } from "./rules/virtual-servers.ts";
import { salvage } from "./salvage.ts";
import { type FileContent, fileSchema, type LooseContent } from "./schema/file.ts";
import { parseYaml } from "./yaml-source.ts";

/** What a file is read with. */
export interface ReadOptions extends Identity {
  readonly environment: Environment;
  /** True: what is read is put to work. False, or left out: it is only looked at, maybe by somebody who may not see all. */
  readonly running?: boolean | undefined;
}

/** What came of it: a configuration unless there is an error among the diagnostics, which come in the file's order. */
export interface Reading<Result = Config> {
  readonly config?: Result;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a configuration's text. Never throws, whatever the text. */
export function readConfig(text: string, options: ReadOptions): Reading {
  const source = parseYaml(text);
  const findings = new Findings(source);
  if (source.value === undefined) return { diagnostics: findings.list() };

  const content = salvage(fileSchema, source.value, [], findings);
  if (content === undefined) return { diagnostics: findings.list() };
  const node = chooseDirector(content, options, findings);
  checkRules(content, options, findings);
  if (findings.failed) return { diagnostics: findings.list() };

  // No error was found, so nothing is missing from what was salvaged.
  const config = buildConfig(content as FileContent, node, options.environment);
  return { config, diagnostics: findings.list() };
}

/** A machine of which nothing can be told, so that nothing is said about it: the directors' programs, keys and accounts. */
const ELSEWHERE: Environment = {
  user: (name) => ({ name, uid: 1, gid: 1 }),
  program: () => "ok",
  keyFile: () => ({ state: "inaccessible" }),
  interfaces: () => undefined,
};

/** Reads the directors' file on a real server, which is not one of them. Never throws, whatever the text. */
export function readRealServer(text: string): Reading<RealServerConfig> {
  const source = parseYaml(text);
  const findings = new Findings(source);
  if (source.value === undefined) return { diagnostics: findings.list() };

  const content = salvage(fileSchema, source.value, [], findings);
  if (content === undefined) return { diagnostics: findings.list() };
  checkRules(content, { hostname: "", environment: ELSEWHERE }, findings);
  if (findings.failed) return { diagnostics: findings.list() };
  return { config: buildRealServer(content as FileContent), diagnostics: findings.list() };
}

function checkRules(
  content: LooseContent,
  { environment, running = false }: ReadOptions,
  findings: Findings,
): void {
  checkPriorities(content, findings);
  checkInstances(content, findings);
  checkVirtualAddresses(content, findings);
  checkStrictness(content, findings);
  checkSyncGroups(content, findings);
  checkDelivery(content, findings);
  checkRouting(content, findings);
  checkVirtualLinks(content, findings);
  checkInterfaces(content, environment, findings);
  checkBfd(content, findings);
  checkTracking(content, environment, findings);
  checkVirtualServers(content, findings);
  checkIpvs(content, findings);
  checkChecks(content, environment, findings);
  checkNotify(content, environment, findings);
  checkServiceNotify(content, environment, findings);
  checkAuthentication(content, findings);
  checkHeartbeat(content, environment, running, findings);
  const needs = [
    checksNeedGlobalUser,
    notifyNeedsGlobalUser,
    serviceNotifyNeedsGlobalUser,
    trackingNeedsGlobalUser,
  ];
  const userNeeded = needs.some((isNeeded) => isNeeded(content));
  checkGlobalUser(content, userNeeded, environment, findings);
  const { vrrp_instances: instances, virtual_servers: servers, bfd_instances: sessions } = content;
  if (!findings.failed && instances?.size === 0 && servers?.length === 0 && sessions?.size === 0) {
    findings.add(
      "nothing-to-do",
      [],
      "there are neither vrrp_instances nor virtual_servers: there is nothing to do",
    );
  }
}
