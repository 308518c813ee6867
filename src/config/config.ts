/**
 * A configuration that has been found good: core models, one for each process, and what the supervisor itself needs.
 */

import type { BalancerConfig } from "../core/balance/model.ts";
import type { WatchConfig } from "../core/track/model.ts";
import type { NotifyConfig } from "../core/supervision/notify.ts";
import type { FailoverConfig } from "../core/vrrp/model.ts";

/** What one director is to do. Frozen through and through. */
export interface Config {
  /** The director this machine is, when the file names directors. */
  readonly node: string | undefined;
  readonly failover: FailoverConfig;
  readonly balancer: BalancerConfig;
  /** What the supervisor watches for the failover process. */
  readonly watch: WatchConfig;
  readonly notify: NotifyConfig;
  /** Files in it put real servers into maintenance; undefined for none. */
  readonly maintenanceDirectory: string | undefined;
  /** Where /metrics is served; undefined when switched off. */
  readonly metrics: { readonly address: string; readonly port: number } | undefined;
  /** The same for files that mean the same, and on both directors; 16 hexadecimal digits. */
  readonly digest: string;
}
