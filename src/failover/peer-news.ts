/** What the pair's own link finds out about the other director, as events for an operator. */

import type { LinkEffect } from "../core/heartbeat/link.ts";
import { type Event, event } from "../core/report/event.ts";
import { between, type Instant, toMilliseconds } from "../core/units/time.ts";
import { releaseTold } from "../core/wire/heartbeat.ts";

/** The effects that an operator is told of. */
export type PeerNews = Extract<
  LinkEffect,
  {
    readonly type:
      | "path-lost"
      | "path-back"
      | "peer-silent"
      | "peer-back"
      | "peer-restarted"
      | "peer-stopping"
      | "trusted"
      | "skew"
      | "handover-failed"
      | "split-brain"
      | "split-brain-over";
  }
>;

/** Whom it is about, and what we are ourselves. */
interface Pair {
  readonly peer: string;
  readonly digest: string;
  readonly software: string;
  /** The names of instances, in one text. */
  names(ids: readonly number[]): string;
}

/** The event. */
export function inWords(news: PeerNews, pair: Pair, now: Instant): Event {
  const { peer } = pair;
  switch (news.type) {
    case "path-lost":
      return event("heartbeat-path-lost", { path: news.path, silent_ms: msSince(news.since, now) });
    case "path-back":
      return event("heartbeat-path-up", { path: news.path, ...silence(news.silentSince, now) });
    case "peer-silent": {
      const { paths, since, stopping, takeover } = news;
      const fields = { peer, paths: paths.join(", "), silent_ms: msSince(since, now), stopping, takeover };
      return event("peer-silent", fields);
    }
    case "peer-back":
      return event("peer-heard", { peer, ...silence(news.silentSince, now) });
    case "peer-restarted":
      return event("peer-restarted", { peer });
    case "peer-stopping":
      return event("peer-stopping", { peer });
    case "trusted":
      return event("takeover-trusted", { peer });
    case "skew":
      return inWordsOfSkew(news, pair);
    case "handover-failed": {
      const { kind, reason, instances } = news;
      return event("handover-failed", { peer, kind, reason, instances: pair.names(instances) });
    }
    case "split-brain":
      return event("split-brain", { instance: pair.names([news.id]), paths: news.paths.join(", ") });
    case "split-brain-over":
      return event("split-brain-over", {
        instance: pair.names([news.id]),
        lasted_ms: Math.round(toMilliseconds(news.lasted)),
        paths: news.paths.join(", "),
        master: news.stays ? "here" : peer,
      });
  }
}

function inWordsOfSkew(
  { skew }: Extract<PeerNews, { type: "skew" }>,
  { peer, digest, software }: Pair,
): Event {
  if (skew === undefined) return event("peer-skew-over", { peer });
  const ours = { version: releaseTold(software), digest };
  return event("peer-skew", { peer, ...ours, peer_version: skew.software, peer_digest: skew.digest });
}

function silence(since: Instant | undefined, now: Instant): Readonly<Record<string, number>> {
  return since === undefined ? {} : { silent_ms: msSince(since, now) };
}

function msSince(since: Instant, now: Instant): number {
  return Math.round(toMilliseconds(between(since, now)));
}
