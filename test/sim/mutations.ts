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
    '{ type: "remove-addresses", addresses: router.addresses },\n                ...lastWord(router, advert.advertInterval),',
    "...lastWord(router, advert.advertInterval),",
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
    '[{ type: "remove-addresses", addresses: router.addresses }, { type: "resign" }]',
    '[{ type: "resign" }, { type: "remove-addresses", addresses: router.addresses }]',
  ),
  mutation(
    "told before the address is gone",
    CONTENTION,
    '{ type: "remove-addresses", addresses: router.addresses },\n                ...lastWord(router, advert.advertInterval),\n                publish(state, next, winner, source),',
    'publish(state, next, winner, source),\n{ type: "remove-addresses", addresses: router.addresses },',
  ),
  mutation("no last advert when yielding", CONTENTION, "...lastWord(router, advert.advertInterval),", ""),
  mutation(
    "nothing announced at the claim",
    TRANSITION,
    '{ type: "add-addresses", addresses: router.addresses },\n            announce(router),',
    '{ type: "add-addresses", addresses: router.addresses },',
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
    "return unchanged({ ...state, reassertAt: later });",
    "return unchanged(state);",
  ),
  mutation(
    "priority 0 ignored",
    WAITING,
    "if (advert.priority === 0) {",
    "if (advert.priority === 0) return unchanged(state);\n    if (advert.priority === -1) {",
  ),
  mutation(
    "preemption left out",
    WAITING,
    "if (!router.preempt || advert.priority >= router.priority)",
    "if (true)",
  ),
  mutation(
    "nopreempt ignored",
    WAITING,
    "if (!router.preempt || advert.priority >= router.priority)",
    "if (advert.priority >= router.priority)",
  ),
  mutation("a lesser master is not answered", CONTENTION, "if (now < state.answerQuietUntil)", "if (true)"),
  mutation(
    "the sender's interval is not learned",
    WAITING,
    "const next = waitingFor(source, advert.advertInterval, now, router);\n    if (!router.preempt",
    "const next = waitingFor(source, router.advertInterval, now, router);\n    if (!router.preempt",
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
  mutation("the owner heeds others", ADMISSION, "if (heedsNobody(router, advert))", "if (false)"),
  mutation(
    "an address taken away is not put back",
    BOOK,
    "return this.#wanted.get(addressKey(address)) === true;\n    }\n}",
    "return false;\n    }\n}",
  ),
  mutation(
    "an address given to us is kept",
    BOOK,
    "return this.#wanted.get(key) === false && !this.#borrowed.has(key);",
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
    'return state.name === "master";',
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
    BRAIN,
    'if (event.type !== "advert")\n            this.#host.drain(working.router.interface);',
    "",
  ),
  mutation(
    "the queue is not heard before announcing",
    BRAIN,
    'case "announce":\n                this.#host.drain(router.interface);',
    'case "announce":',
  ),
  mutation(
    "an invalid packet moves the timer",
    BRAIN,
    'if (admission.type === "discarded")\n            return;',
    'if (admission.type === "discarded") {\n            for (const one of this.working.values()) if (one.state.name === "backup") one.state = { ...one.state, masterDownAt: this.#host.now + 1_000_000 };\n            return;\n        }',
  ),
  mutation("a refusal is not noticed", BRAIN, "if (!accepted)", "if (false)"),
];

/** Found within a few hundred seeds: these run with the tests. */
export const QUICK = ["tie-break left out", "the queue is not heard first", "skew left out"];
