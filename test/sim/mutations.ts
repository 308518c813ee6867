/**
 * Ways to break Relevo, each of which the simulator must see. A mutation replaces a text of an emitted file that occurs
 * there exactly once; when it does not any more, the code has changed and the mutation is to be written anew.
 */

/** One way. */
export interface Mutation {
  readonly name: string;
  /** Below dist. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** So many seeds are tried. */
  readonly seeds: number;
  /** The one rule that is to see it; else any may. */
  readonly rule?: string;
}

const ROUTER = "src/core/vrrp/virtual-router.js";
const CONTENTION = "src/core/vrrp/contention.js";
const WAITING = "src/core/vrrp/waiting.js";
const TRANSITION = "src/core/vrrp/transition.js";
const FAULT = "src/core/vrrp/fault.js";
const ADMISSION = "src/core/vrrp/admission.js";
const WIRE = "src/core/wire/vrrp.js";
const TIMING = "src/core/vrrp/timing.js";
const BOOK = "src/core/vrrp/address-book.js";
const SYNC = "src/core/vrrp/sync-group.js";
const PRIORITY = "src/core/vrrp/priority.js";
const MISMATCH = "src/core/vrrp/mismatch.js";
const DELIVERY = "src/core/vrrp/delivery.js";
const AUTHENTICATION = "src/core/vrrp/authentication.js";
const INSTANCE = "src/failover/instance.js";
const LINK = "src/core/heartbeat/link.js";
const PEER = "src/core/heartbeat/peer.js";
const SESSION = "src/core/heartbeat/session.js";
const HANDOVER = "src/core/heartbeat/handover.js";
const HEARTBEAT = "src/core/wire/heartbeat.js";
const WORD = "src/core/vrrp/peer.js";
const PAIR = "src/failover/pair-link.js";
const BRAIN = "test/sim/vrrp-brain.js";

function mutation(name: string, file: string, find: string, replace: string, seeds = 20_000): Mutation {
  return { name, file, find, replace, seeds };
}

export const MUTATIONS: readonly Mutation[] = [
  mutation(
    "tie-break inverted",
    CONTENTION,
    "compareIp(source, primary) > 0",
    "compareIp(source, primary) < 0",
  ),
  mutation(
    "tie-break left out",
    CONTENTION,
    'compareIp(source, primary) > 0 ? "equal-priority-higher-address" : undefined',
    "undefined",
  ),
  mutation(
    "a higher priority is not yielded to",
    CONTENTION,
    'if (advert.priority > router.priority)\n        return "higher-priority";',
    "",
  ),
  mutation(
    "the address is kept when yielding",
    CONTENTION,
    "const effects = clear(router);",
    "const effects = [];",
  ),
  mutation(
    "the address is kept on a fault",
    FAULT,
    'return leave(state, next, "fault", fault, context);',
    'return { state: next, effects: [publish(state, next, "fault", fault)] };',
  ),
  mutation(
    "resigned before the address is gone",
    TRANSITION,
    '[...clear(router), { type: "resign" }]',
    '[{ type: "resign" }, ...clear(router)]',
  ),
  mutation(
    "told before the address is gone",
    CONTENTION,
    "[...effects, publish(state, next, cause, detail)]",
    "[publish(state, next, cause, detail), ...effects]",
  ),
  mutation("no last advert when yielding", CONTENTION, "if (contention.lastWord)", "if (false)"),
  mutation(
    "who lets go is not answered",
    CONTENTION,
    "const answers = answer || priority === 0;",
    "const answers = answer && priority > 0;",
  ),
  mutation(
    "nothing announced at the claim",
    TRANSITION,
    "...holdRouting(router),\n            announce(router),",
    "...holdRouting(router),",
  ),
  mutation(
    "no second burst",
    TRANSITION,
    "return announcing.delay === ZERO ? undefined : after(now, announcing.delay);",
    "return undefined;",
  ),
  mutation(
    "no refresh",
    TRANSITION,
    "return announcing.refresh === ZERO ? undefined : after(now, announcing.refresh);",
    "return undefined;",
  ),
  mutation(
    "bursts dropped instead of put off",
    CONTENTION,
    "const next = { ...state, reassertAt };",
    "const next = state;",
    60_000,
  ),
  mutation(
    "answers dropped instead of put off",
    CONTENTION,
    "answers && source !== state.answered ?",
    "false ?",
  ),
  mutation("a flood is answered with a flood", CONTENTION, "if (now < state.answerQuietUntil)", "if (false)"),
  mutation(
    "priority 0 ignored",
    WAITING,
    "if (advert.priority === 0) {",
    "if (advert.priority === 0) return unchanged(state);\n    if (advert.priority === -1) {",
  ),
  mutation("preemption left out", WAITING, "router.preempt && advert.priority < router.priority", "false"),
  mutation(
    "nopreempt ignored",
    WAITING,
    "router.preempt && advert.priority < router.priority",
    "advert.priority < router.priority",
  ),
  mutation(
    "a lesser master is not answered",
    CONTENTION,
    "const answers = answer || priority === 0;",
    "const answers = priority === 0;",
  ),
  mutation(
    "the sender's interval is not learned",
    WAITING,
    "waitingFor(source, advert.advertInterval, now, router)",
    "waitingFor(source, router.advertInterval, now, router)",
  ),
  mutation(
    "the owner waits",
    TRANSITION,
    'if (context.router.priority === OWNER)\n        return becomeMaster(state, "owner", undefined, now, context);',
    "",
  ),
  mutation(
    "two owners stay",
    CONTENTION,
    'return hasLost ? "duplicate-owner" : undefined;',
    "return undefined;",
  ),
  mutation(
    "faults forgotten when the first is gone",
    FAULT,
    'return isFaulty(next) ? unchanged(next) : begin(state, "fault-cleared", undefined, now, context);',
    'return begin(state, "fault-cleared", undefined, now, context);',
  ),
  mutation(
    "a short wait after a fault",
    WAITING,
    "masterDownAt: after(now, masterDownInterval(router, advertInterval)),",
    "masterDownAt: after(now, master === undefined ? skewTime(router.version, router.priority, advertInterval) : masterDownInterval(router, advertInterval)),",
  ),
  mutation(
    "deadlines obeyed before they are due",
    ROUTER,
    "if (now < state.masterDownAt)\n                return unchanged(state);",
    "",
  ),
  mutation(
    "a burst of adverts after a stall",
    ROUTER,
    "nextAdvertAt = inCadence > now ? inCadence : after(now, router.advertInterval);",
    "nextAdvertAt = inCadence;",
  ),
  mutation(
    "skew left out",
    TIMING,
    "router.downTimerAdverts * advertInterval + skewTime(router.version, router.priority, advertInterval)",
    "router.downTimerAdverts * advertInterval",
  ),
  mutation("skew the same for all", TIMING, "((256 - priority) * base) / 256", "base / 2"),
  mutation("two missed adverts are enough", TIMING, "router.downTimerAdverts *", "2 *"),
  mutation(
    "version 2's skew in intervals",
    TIMING,
    "version === 2 ? seconds(1) : advertInterval",
    "advertInterval",
  ),
  mutation(
    "checksum not verified",
    WIRE,
    'if (checksum === undefined)\n        return refuse("checksum");',
    "",
  ),
  mutation("TTL not verified", ADMISSION, "if (strange !== undefined)\n        return discard(strange);", ""),
  mutation(
    "VRID not looked at",
    ADMISSION,
    "routers.find((candidate) => candidate.vrid === vrid)",
    "routers[0]",
  ),
  mutation(
    "version not looked at",
    ADMISSION,
    'if (advert.version !== router.version)\n        return discard("version-mismatch");',
    "",
  ),
  mutation(
    "version 2 heeds another interval",
    ADMISSION,
    "if (advert.version === 2 && advert.advertInterval !== router.advertInterval)",
    "if (false)",
  ),
  mutation("the owner heeds others", ADMISSION, "if (isUnheeded(router, advert))", "if (false)"),
  mutation(
    "an address taken away is not put back",
    BOOK,
    "return this.#entries.get(addressKey(address))?.wanted === true;\n    }\n}",
    "return false;\n    }\n}",
  ),
  mutation(
    "an address given to us is kept",
    BOOK,
    "return this.#entries.get(key)?.wanted === false && !this.#borrowed.has(key);",
    "return false;",
  ),
  mutation(
    "addresses left by an earlier life are kept",
    "src/core/vrrp/succession.js",
    "return found.filter((address) => !kept.some((other) => sameAddress(address, other)));",
    "return [];",
  ),
  mutation("resumed however late", "src/core/vrrp/succession.js", "now > after(diedAt, patience)", "false"),
  mutation(
    "announced after all was lost",
    "src/core/vrrp/outbox.js",
    'return state.name === "master" && state.mute !== true;',
    "return true;",
  ),
  mutation(
    "effects not in their order",
    "src/core/vrrp/outbox.js",
    "return busy ? undefined : tasks[0];",
    "return tasks[0];",
  ),
  mutation(
    "the queue is not heard first",
    INSTANCE,
    'if (event.type !== "advert")\n            for (const { router } of members)\n                this.#hands.drain(router);',
    "",
  ),
  mutation(
    "the other members' queues are not heard first",
    INSTANCE,
    "for (const { router } of members)\n                this.#hands.drain(router);",
    "this.#hands.drain(this.#router);",
  ),
  mutation(
    "the queue is not heard before announcing",
    INSTANCE,
    'case "announce":\n                this.#hands.drain(router);',
    'case "announce":',
  ),
  mutation(
    "an invalid packet moves the timer",
    BRAIN,
    'if (admission.type === "discarded")\n            return;',
    'if (admission.type === "discarded") {\n            for (const one of this.working.values()) one.dispatch({ type: "advert", advert: { ...one.router, addresses: [] }, source: "192.0.2.99" });\n            return;\n        }',
  ),
  mutation("a refusal is not noticed", INSTANCE, "if (!accepted)", "if (false)"),
  {
    ...mutation(
      "both hold after a partition",
      CONTENTION,
      'if (advert.priority > router.priority)\n        return "higher-priority";',
      "",
    ),
    rule: "one-holder",
  },
  {
    ...mutation(
      "the address is kept when yielding: two hold it",
      CONTENTION,
      "const effects = clear(router);",
      "const effects = [];",
    ),
    rule: "one-holder",
  },

  // Sync groups.
  mutation("nobody follows a member", SYNC, "if (to === undefined)", "if (true)"),
  mutation(
    "nobody follows a member that gives way",
    SYNC,
    'hearsMaster(member, now)) ? "backup" : "master"',
    'hearsMaster(member, now)) ? undefined : "master"',
  ),
  mutation(
    "silence on one path moves a group",
    SYNC,
    "return members.find((member) => member.name !== name && hearsMaster(member, now))?.name;",
    "return undefined;",
  ),
  mutation(
    "a group is held back by a master to be preempted",
    SYNC,
    'state.expecting === "master-down" &&',
    "",
  ),
  mutation(
    "a member's fault is its own",
    SYNC,
    'return { type: "member-fault-raised", member: raised };',
    "return undefined;",
  ),
  mutation(
    "a member's fault does not end for the others",
    SYNC,
    "return cleared === undefined ? undefined",
    "return true ? undefined",
  ),
  mutation(
    "a member that gives way resigns",
    ROUTER,
    'return giveWay(state, next, "sync-group", member, router);',
    'return leave(state, next, "sync-group", member, context);',
  ),

  // Waits and weights.
  mutation(
    "preempt_delay ignored",
    WAITING,
    "if (preemptAt === undefined || now < preemptAt)",
    "if (preemptAt === undefined)",
  ),
  mutation("preempt_delay never over", WAITING, "state.preemptAt ?? after(", "after("),
  mutation("down_timer_adverts ignored", TIMING, "router.downTimerAdverts *", "3 *"),
  mutation("vrrp_startup_delay ignored", ROUTER, "if (delay > ZERO)", "if (false)"),
  mutation(
    "weights not in adverts",
    INSTANCE,
    "this.#send(router, effectivePriority(router, adjustment));",
    "this.#send(router, router.priority);",
  ),
  mutation(
    "weights not in comparisons",
    PRIORITY,
    "return adjustment === 0 ? router",
    "return true ? router",
  ),
  mutation("a changed weight goes unnoticed", INSTANCE, "if (adjustment === before)", "if (true)"),
  mutation(
    "a wait does not follow a changed weight",
    "src/core/vrrp/reconfiguration.js",
    'return unchanged(state.name === "backup" ? rescheduled(state, before, now, router) : state);',
    "return unchanged(state);",
  ),
  mutation(
    "a weight counts whatever the verdict",
    "src/core/track/outcome.js",
    "return weight > 0 === up ? signed(weight, reverse) : 0;",
    "return signed(weight, reverse);",
  ),

  // IPv6, unicast, excluded addresses, authentication.
  mutation(
    "IPv6 without its pseudo-header",
    WIRE,
    "const withPseudoHeader = family === 6 ||",
    "const withPseudoHeader =",
  ),
  mutation(
    "IPv6's link-local address is not the first",
    MISMATCH,
    "[first, ...all.filter((address) => address !== first)]",
    "[...all.filter((address) => address !== first), first]",
  ),
  mutation(
    "IPv6's target is announced without its hardware address",
    "src/core/wire/ndp.js",
    "...[TARGET_LINK_LAYER_ADDRESS, 1], // length in units of 8 bytes\n    ...mac",
    "...[TARGET_LINK_LAYER_ADDRESS, 1], 0, 0, 0, 0, 0, 0",
  ),
  mutation("an excluded address is named", MISMATCH, "excluded ? [] : [address]", "[address]"),
  mutation(
    "strangers are heard among peers",
    DELIVERY,
    "delivery.checkSource && peer === undefined",
    "false",
  ),
  mutation(
    "not every peer is told",
    DELIVERY,
    ".filter((address) => address !== source)",
    ".filter((address) => address !== source).slice(0, 1)",
  ),
  mutation(
    "the password is not compared",
    AUTHENTICATION,
    "return equalInConstantTime(message.subarray(-DATA_LENGTH), expected)",
    "return true",
  ),
  mutation(
    "the authentication header is not verified",
    AUTHENTICATION,
    "if (!equalInConstantTime(icv, integrityValue(whole, authentication.key, guard.mac)))",
    "if (false)",
  ),
  mutation(
    "a packet counts again",
    AUTHENTICATION,
    'if (sequence <= guard.lastSequence(message[1] ?? 0, packet.source))\n        return refuse("auth-replay");',
    "",
  ),

  // The pair's own link.
  mutation(
    "a heartbeat counts again",
    LINK,
    "(boot === state.session.peer ? seenBefore(window, sequence) : undefined)",
    "undefined",
  ),
  mutation(
    "the echo of the boot id is not checked",
    HEARTBEAT,
    "const isOurs = echo === guard.boot;",
    "const isOurs = true;",
  ),
  mutation("a former boot counts again", SESSION, "return retired.includes(boot);", "return false;"),
  mutation(
    "the code of a heartbeat is not verified",
    HEARTBEAT,
    "if (!equalInConstantTime(",
    "if (false && !equalInConstantTime(",
  ),
  mutation("heartbeats of strangers count", LINK, "if (source !== path.remote)", "if (false)"),
  mutation("what was overtaken is believed", PEER, "return sequence >= peer.sequence;", "return true;"),
  mutation(
    "silence on one path counts as all",
    PEER,
    'paths.some(({ state }) => state.name === "up")',
    'paths.every(({ state }) => state.name === "up")',
  ),
  mutation(
    "a silence is believed though one was given the lie",
    PEER,
    "const takeover = mayTakeOver && !distrusted;",
    "const takeover = mayTakeOver;",
  ),
  mutation(
    "let go before it is taken",
    HANDOVER,
    'effects.push({ type: "offering", instances, within });',
    'effects.push({ type: "offering", instances, within }, { type: "let-go", instances });',
  ),
  mutation(
    "taken is answered before it is claimed",
    PAIR,
    "whenAllSettled(taking, () => {",
    "((_, then) => then())(taking, () => {",
  ),
  mutation(
    "a director that stops hands nothing over",
    PAIR,
    "if (this.#state === undefined || masters.length === 0) {",
    "if (true) {",
  ),
  mutation(
    "held back although the peer is no master",
    ROUTER,
    'if (context.peer?.state === "master")',
    "if (context.peer !== undefined)",
  ),
  mutation(
    "a master that is heard by the link is replaced",
    ROUTER,
    'if (context.peer?.state === "master")',
    "if (false)",
  ),
  mutation(
    "preempted without being asked",
    WORD,
    "if (state.askedHandover === true || peer.priority === OWNER)",
    "if (true)",
  ),
  mutation(
    "of two masters that hear each other the lower address stays",
    WORD,
    "return compareIp(one, other) > 0;",
    "return compareIp(one, other) < 0;",
  ),
  mutation("both masters of a split stay", WORD, 'if (rank(peer, context) !== "greater")', "if (true)"),
  mutation(
    "who takes is not deaf",
    WORD,
    "return { state: { ...taken, deafUntil: after(now, within) }, effects };",
    "return { state: taken, effects };",
  ),
  mutation("who gives is not mute", WORD, "mute: true", "mute: false"),
  mutation("what was handed over is preempted", WORD, "isWanted ? NEVER : undefined", "undefined"),
  mutation("what was asked for is left alone", WORD, "onRequest !== true && peer", "peer"),
  mutation(
    "what a member leaves alone is asked for",
    ROUTER,
    'context.heldBackBy !== undefined && state.expecting !== "master-resigned"',
    'context.heldBackBy !== undefined && state.expecting !== "master-resigned" && context.peer?.state !== "master"',
  ),
  mutation(
    "the peer is told before the address is gone",
    PAIR,
    'state: isMaster ? "master" : state.name,',
    "state: state.name,",
  ),
  mutation(
    "silence is judged before the sockets are read",
    PAIR,
    "this.#hands.afterReading(() => {\n            if (isGone)",
    "((then) => then())(() => {\n            if (isGone)",
  ),
  mutation(
    "resumed although the peer has lost patience",
    "src/core/heartbeat/patience.js",
    "return microseconds((config.deadAfter - 1) * config.interval);",
    "return undefined;",
  ),

  // Silence of all paths, while adverts pass.
  {
    ...mutation(
      "a silent master of lower priority is not asked",
      WORD,
      'return { state: asking, effects: [{ type: "ask" }] };',
      `return last.priority < router.priority
        ? becomeMaster(state, "peer-silent", state.master, now, { router })
        : { state: asking, effects: [{ type: "ask" }] };`,
    ),
    rule: "false-silence",
  },
  mutation(
    "a lesser master gives way to a question",
    INSTANCE,
    "{ ...router, sendsByLink: false }, LEAST)",
    "{ ...router, sendsByLink: false }, effectivePriority(router, adjustment))",
  ),
  mutation(
    "asked although nobody answers",
    WORD,
    "if (!router.contention.answer)\n        return false;",
    "",
    60_000,
  ),
  mutation(
    "an owner is asked that does not listen",
    WORD,
    "return router.ownerHeeds === undefined;",
    "return true;",
    60_000,
  ),
  mutation(
    "an owner answers nobody",
    ADMISSION,
    "if (priority !== OWNER || ownerHeeds === undefined)",
    "if (priority !== OWNER)",
  ),
  mutation(
    "a silence that was none goes unnoticed after the takeover",
    TRANSITION,
    "...(replaced && { replaced }),",
    "",
  ),
  mutation(
    "a silence that was none goes unnoticed before it",
    WAITING,
    'effects: isAnswer ? [{ type: "silence-contradicted" }] : []',
    "effects: []",
  ),
  mutation(
    "what was to be left alone is not, once it was asked",
    WAITING,
    "return { state: next, effects: isAnswer",
    "return { state: { ...next, preemptAt: undefined }, effects: isAnswer",
    60_000,
  ),
  mutation(
    "one member's silence outweighs the master that another hears",
    ROUTER,
    'context.heldBackBy !== undefined && state.expecting !== "master-resigned"',
    'context.heldBackBy !== undefined && state.expecting === "master-down"',
    60_000,
  ),
];

/** Found within a few hundred seeds: these run with the tests. */
export const QUICK = [
  "tie-break left out",
  "the queue is not heard first",
  "skew left out",
  "nobody follows a member that gives way",
  "let go before it is taken",
];
