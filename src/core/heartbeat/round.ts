/**
 * What a director says: a round of datagrams, the same on every path, each signed for the path that it goes on.
 *
 * A round has as many datagrams as it takes for all messages and all instances that have changed; what room is left goes to the
 * others in turn.
 */

import type { Instant } from "../units/time.ts";
import {
  entriesThatFit,
  type Heartbeat,
  type Message,
  messagesThatFit,
  sealHeartbeat,
} from "../wire/heartbeat.ts";
import type { LinkContext } from "./model.ts";
import { nameId } from "./name-id.ts";
import { afterRound, changedInstances, type Roster, takePart } from "./roster.ts";
import { echoOf, type Session } from "./session.ts";

/** Bytes to be sent on a path. */
export interface Datagram {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Who speaks. */
interface Speaker {
  readonly session: Session;
  readonly roster: Roster;
  /** The number of the latest datagram. */
  readonly sequence: number;
  readonly stopping: boolean;
}

/** What was said, and what it changes. */
interface Said extends Pick<Speaker, "roster" | "sequence"> {
  readonly datagrams: readonly Datagram[];
}

type Content = Pick<Heartbeat, "roster" | "messages" | "sequence">;

/** A round with these messages; each of them fits into a datagram. */
export function composeRound(
  speaker: Speaker,
  messages: readonly Message[],
  now: Instant,
  context: LinkContext,
): Said {
  const datagrams: Datagram[] = [];
  const echo = echoOf(speaker.session);
  const front = changedInstances(speaker.roster);
  let { roster, sequence } = speaker;
  let [changed, unsaid] = [front, messages];
  do {
    const said = unsaid.slice(0, messagesThatFit(unsaid));
    const room = entriesThatFit(said);
    const taken = takePart(roster, changed, room, now);
    roster = taken.roster;
    sequence += 1;
    const content = { roster: taken.part, messages: said, sequence };
    for (const { name } of context.config.paths)
      datagrams.push(sealed(speaker, name, echo, content, context));
    changed = changed.slice(room);
    unsaid = unsaid.slice(said.length);
  } while (changed.length > 0 || unsaid.length > 0);
  return { roster: afterRound(roster, front), sequence, datagrams };
}

/** One datagram on one path that echoes another boot than the others do. */
export function composeEcho(
  speaker: Speaker,
  path: string,
  echo: bigint,
  now: Instant,
  context: LinkContext,
): Said {
  const sequence = speaker.sequence + 1;
  const { part, roster } = takePart(speaker.roster, [], entriesThatFit([]), now);
  const content = { roster: part, messages: [], sequence };
  return { roster, sequence, datagrams: [sealed(speaker, path, echo, content, context)] };
}

function sealed(
  { session, stopping }: Speaker,
  path: string,
  echo: bigint,
  content: Content,
  { config, hmac, software }: LinkContext,
): Datagram {
  const [signing] = config.keys;
  if (signing === undefined) throw new Error("a link has a key to sign with");
  const heartbeat: Heartbeat = {
    ...content,
    keyId: signing.id,
    path: nameId(path),
    node: nameId(config.node),
    boot: session.boot,
    echo,
    interval: config.interval,
    software,
    digest: config.digest,
    stopping,
  };
  return { path, bytes: sealHeartbeat(heartbeat, signing.key, hmac) };
}
