/**
 * Events: what an operator is told, each with a name from one closed vocabulary, a level, and fields. The text of a log
 * line never varies; what varies stands in the fields. `docs/events.md` lists every name with its cure, and a test
 * compares the two.
 */

/** How much an event wants to be read. */
export type EventLevel = "info" | "warn" | "error";

/** Every event, its level, and the fixed text of its log line. */
export const EVENTS = {
  // The pair and its addresses.
  "vrrp-transition": ["info", "instance changed state"],
  "vrrp-priority-changed": ["info", "the effective priority of an instance changed"],
  "process-events-unavailable": [
    "warn",
    "the kernel does not tell of processes; they are looked for once a second",
  ],
  "track-changed": ["info", "a tracked object changed"],
  "heartbeat-path-up": ["info", "the other director is heard on a path"],
  "heartbeat-path-lost": ["warn", "the other director is not heard on a path any more"],
  "heartbeat-discarded": ["warn", "a heartbeat was discarded"],
  "heartbeat-socket-failed": ["error", "heartbeats cannot be sent or heard on a path"],
  "peer-heard": ["info", "the other director is heard"],
  "peer-silent": ["error", "the other director is not heard on any path"],
  "peer-restarted": ["warn", "the other director's failover process was started anew"],
  "peer-stopping": ["info", "the other director is stopping"],
  "peer-skew": ["warn", "the other director has another configuration or version"],
  "peer-skew-over": ["info", "the other director has our configuration and version again"],
  "handover-failed": ["warn", "a handover did not come about"],
  "vrrp-peer-held-back": ["warn", "a silent master was not replaced: its heartbeat says that it lives"],
  "takeover-contradicted": ["warn", "the other director was silent on every path, and its advert is here"],
  "takeover-trusted": ["info", "the silence of all paths counts again"],
  "split-brain": ["error", "both directors are master of an instance"],
  "split-brain-over": ["warn", "one director alone is master of an instance again"],
  "bfd-up": ["info", "a BFD session is up"],
  "bfd-down": ["warn", "a BFD session is down"],
  "bfd-packet-discarded": ["warn", "a BFD packet was discarded"],
  "bfd-listen-failed": ["error", "BFD packets cannot be heard"],
  "bfd-send-failed": ["error", "a BFD packet could not be sent"],
  "vrrp-interval-mismatch": ["warn", "the master's advert interval is not ours"],
  "vrrp-address-mismatch": ["warn", "the master's list of addresses is not ours"],
  "vrrp-lower-priority": ["warn", "a master of lower priority was heard"],
  "vrrp-duplicate-owner": ["error", "another router owns the addresses, too (priority 255)"],
  "vrrp-advert-discarded": ["warn", "an advert was discarded"],
  "vrrp-sync-held-back": [
    "warn",
    "a silent master was not replaced: another member of the sync group hears it",
  ],
  "vrrp-stalled": ["warn", "this director was late for longer than its peers wait"],
  "vrrp-listen-failed": ["error", "adverts cannot be heard on an interface"],
  "vrrp-send-failed": ["error", "an advert could not be sent"],
  "address-failed": ["error", "an address could not be added or removed"],
  "address-drift": ["warn", "an address was changed behind our back and has been put right"],
  "lease-expired": [
    "warn",
    "the kernel took an address away that was not renewed in time, and it was added again",
  ],
  "address-conflict": ["error", "another machine claims an address that this director holds"],
  "conflict-watch-failed": ["warn", "claims of our addresses by other machines cannot be heard"],
  "address-left-over": ["warn", "an address of an earlier life was found and removed"],
  "route-failed": ["error", "a route or rule could not be added or removed"],
  "route-drift": ["warn", "a route or rule was not as it should be and has been put right"],
  "route-left-over": ["warn", "a route or rule of an earlier life was found and removed"],
  "filter-failed": ["error", "packets to virtual addresses cannot be dropped"],
  "filter-drift": ["warn", "the table of nf_tables was changed behind our back and has been made anew"],
  "sysctl-set": ["info", "a kernel setting was changed"],
  "sysctl-restored": ["info", "a kernel setting was put back as it was"],
  "link-created": ["info", "an interface for virtual addresses was made"],
  "link-removed": ["info", "an interface for virtual addresses was removed"],
  "link-drift": ["warn", "an interface of ours was changed behind our back and has been put right"],
  "link-failed": ["error", "an interface for virtual addresses could not be made or removed"],
  "link-foreign": ["error", "an interface has the name of one that is to be made, and is not ours"],
  "link-settings-changed": ["info", "kernel settings were changed for virtual addresses"],
  "link-settings-restored": ["info", "kernel settings were put back as they were"],
  "announce-failed": ["error", "an address could not be announced"],
  "notify-done": ["info", "a notify script has run"],
  "notify-failed": ["warn", "a notify script failed"],
  "notify-fifo-failed": ["error", "a notify pipe cannot be used"],
  "notify-reader-ended": ["warn", "the program that reads a notify pipe ended and will be started again"],
  "notify-fifo-full": ["warn", "a notify pipe is full and lines were dropped"],
  "realtime-granted": ["info", "the failover process runs with real-time scheduling"],
  "realtime-refused": ["warn", "the failover process runs without real-time scheduling"],
  // Real servers and the IPVS table.
  "check-failed": ["warn", "a check failed"],
  "real-server-up": ["info", "a real server is up"],
  "real-server-down": ["warn", "a real server is down"],
  "quorum-gained": ["info", "a virtual server has enough real servers"],
  "quorum-lost": ["warn", "a virtual server has too few real servers"],
  "drain-started": ["info", "a real server is drained: it gets no new connections"],
  "drain-done": ["info", "the last connection of a drained real server has finished"],
  "drain-resumed": ["info", "a drained real server has connections again, which may finish"],
  "drain-deadline": ["warn", "the deadline of a drain has come with connections left"],
  "drain-cancelled": ["info", "a real server is not drained any more"],
  "maintenance-ignored": ["warn", "a file in the maintenance directory names no real server"],
  "maintenance-directory-failed": ["error", "the maintenance directory cannot be read"],
  "maintenance-directory-read": ["info", "the maintenance directory can be read again"],
  "ipvs-applied": ["info", "the IPVS table was changed"],
  "masquerade-failed": ["error", "the real servers' own packets cannot be masqueraded"],
  "masquerade-drift": [
    "warn",
    "the table of nf_tables that masquerades was changed behind our back and has been made anew",
  ],
  "ipvs-drift": ["warn", "the IPVS table was changed behind our back and has been put right"],
  "ipvs-refused": ["error", "the kernel refused a change of the IPVS table"],
  "ipvs-unavailable": ["error", "the kernel has no IPVS"],
  "sync-daemon-started": ["info", "a connection sync daemon was started"],
  "sync-daemon-stopped": ["info", "a connection sync daemon was stopped"],
  "sync-daemon-drift": ["warn", "a connection sync daemon was stopped behind our back"],
  "sync-daemon-failed": ["error", "a connection sync daemon could not be started or stopped"],
  "real-servers-untold": ["warn", "there are more real servers than have metrics of their own"],
  "ip-forward-set": ["info", "forwarding was switched on, as NAT needs it"],
  "ip-forward-restored": ["info", "forwarding was put back as it was"],
  "sysctl-failed": ["error", "a kernel setting could not be written"],
  // The processes and the configuration.
  started: ["info", "relevo has started"],
  stopping: ["info", "relevo is stopping"],
  stopped: ["info", "relevo has stopped"],
  "process-started": ["info", "a process has started"],
  "process-died": ["error", "a process died and will be started again"],
  "record-failed": ["error", "the record of what is ours in the kernel could not be written"],
  "process-unclean": ["error", "a process left something behind that could not be removed"],
  "config-loaded": ["info", "the configuration is in force"],
  "config-unchanged": ["info", "the configuration is the one in force already"],
  "config-rejected": ["error", "the configuration has errors; the one in force stays"],
  "config-warning": ["warn", "the configuration has a questionable place"],
  "metrics-listening": ["info", "metrics are served"],
  "metrics-failed": ["error", "metrics cannot be served"],
} as const satisfies Record<string, readonly [EventLevel, string]>;

/** The name of an event. */
export type EventName = keyof typeof EVENTS;

/** What varies from one occurrence of an event to the next. Never a secret. */
export type EventFields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Something an operator may want to know. */
export interface Event {
  readonly name: EventName;
  readonly fields: EventFields;
}

/** An event of that name. */
export function event(name: EventName, fields: EventFields = {}): Event {
  return { name, fields };
}
