/**
 * Asks the tracked gateways whether they are there. It is done here, not in the supervisor, so that a director can tell
 * that it is cut off whatever else hangs; it costs a packet each way, and nothing waits for the answer.
 */

import { randomBytes } from "node:crypto";
import { type EchoToken, isAnswer, questionOf } from "../core/track/gateway-question.ts";
import {
  gatewayOver,
  type GatewayMethod,
  type Inquiry,
  inquiryOf,
  type TrackedGateway,
} from "../core/track/gateway.ts";
import type { Route } from "../core/routing/model.ts";
import type { Finding } from "../core/track/model.ts";
import { onDeadline, onResult, type RepeatedCheck, startCheck } from "../core/track/repeated-check.ts";
import type { Family, IpAddress } from "../core/units/ip-address.ts";
import { after, between, type Instant, toMilliseconds } from "../core/units/time.ts";
import type { Interfaces } from "../core/vrrp/surroundings.ts";
import type { GatewaySocket } from "../linux/gateway-socket.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Receiver } from "../linux/receiver.ts";
import type { Clock } from "./clock.ts";

/** What it needs of the director. */
export interface GatewayHands {
  readonly clock: Clock;
  readonly receiver: Pick<Receiver, "add" | "remove" | "drain">;
  /** Opens what a method needs on an interface. Throws a KernelError. */
  open(method: GatewayMethod, family: Family, interfaceName: string, interfaceIndex: number): GatewaySocket;
  /** The kernel's default routes. */
  defaultRoutes(): readonly Route[];
  interfaces(): Interfaces;
  /** The addresses that any instance may hold. */
  virtual(): ReadonlySet<IpAddress>;
  found(finding: Finding): void;
  /** It was asked once more, and has answered or not. */
  asked(gateway: string, answered: boolean): void;
}

/** The gateways of a director. */
export class GatewayWatch {
  readonly #hands: GatewayHands;
  readonly #watched = new Map<string, Watched>();

  constructor(hands: GatewayHands) {
    this.#hands = hands;
  }

  /** Watches these from now on. One that is as it was goes on as it is. */
  configure(gateways: readonly TrackedGateway[]): void {
    for (const [key, watched] of this.#watched) {
      if (gateways.some((gateway) => JSON.stringify(gateway) === key)) continue;
      watched.close();
      this.#watched.delete(key);
    }
    for (const gateway of gateways) {
      const key = JSON.stringify(gateway);
      if (!this.#watched.has(key)) this.#watched.set(key, new Watched(gateway, this.#hands));
    }
  }

  close(): void {
    this.configure([]);
  }
}

/** A question that was asked, and when it is too late for its answer. */
interface Asked {
  readonly inquiry: Inquiry;
  readonly token: EchoToken;
  readonly at: Instant;
  readonly until: Instant;
}

/** One gateway. */
class Watched {
  readonly #gateway: TrackedGateway;
  readonly #hands: GatewayHands;
  #check: RepeatedCheck;
  #asked: Asked | undefined;
  #socket: (GatewaySocket & { readonly key: string }) | undefined;
  #sequence = 0;
  #takeBack: () => void = () => {};

  constructor(gateway: TrackedGateway, hands: GatewayHands) {
    this.#gateway = gateway;
    this.#hands = hands;
    this.#check = startCheck(undefined, hands.clock.now());
    this.#arm();
  }

  close(): void {
    this.#takeBack();
    this.#closeSocket();
  }

  #arm(): void {
    this.#takeBack();
    const at = this.#asked?.until ?? this.#check.dueAt;
    if (at !== undefined) this.#takeBack = this.#hands.clock.ringAt(at, () => this.#onAlarm());
  }

  #onAlarm(): void {
    // What has arrived in time counts, however late this process is.
    if (this.#asked !== undefined && this.#socket !== undefined)
      this.#hands.receiver.drain(this.#socket.receiveFd);
    if (this.#asked !== undefined) this.#conclude(false, `no answer from ${this.#asked.inquiry.target}`);
    else this.#look();
  }

  #look(): void {
    const now = this.#hands.clock.now();
    const begun = onDeadline(this.#check, now);
    if (begun === undefined) return this.#arm();
    this.#check = begun;
    const failure = this.#ask(now);
    if (failure === undefined) this.#arm();
    else this.#conclude(false, failure);
  }

  /** Why it could not be asked, if it could not. */
  #ask(now: Instant): string | undefined {
    try {
      const interfaces = this.#hands.interfaces();
      const inquiry = inquiryOf(this.#gateway, this.#nextHop(), interfaces, this.#hands.virtual());
      if (typeof inquiry === "string") return inquiry;
      const [first = 0, second = 0, ...cookie] = randomBytes(10);
      this.#sequence = (this.#sequence + 1) & 0xffff;
      const token = {
        identifier: (first << 8) | second,
        sequence: this.#sequence,
        cookie: Uint8Array.from(cookie),
      };
      const { bytes, destination } = questionOf(inquiry, token);
      this.#open(inquiry).ask(bytes, destination);
      this.#asked = { inquiry, token, at: now, until: after(now, this.#gateway.timeout) };
      return undefined;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return error.message;
    }
  }

  #nextHop(): IpAddress | undefined {
    const { address, family, interface: name } = this.#gateway;
    if (address !== undefined) return undefined;
    return gatewayOver(this.#hands.defaultRoutes(), family, name);
  }

  /** An interface that was made anew under its old name needs another socket. */
  #open({ method, interfaceIndex }: Inquiry): GatewaySocket {
    const key = `${method} ${interfaceIndex}`;
    if (this.#socket?.key === key) return this.#socket;
    this.#closeSocket();
    const { family, interface: name } = this.#gateway;
    const socket = { ...this.#hands.open(method, family, name, interfaceIndex), key };
    this.#socket = socket;
    this.#hands.receiver.add(socket.receiveFd, {
      read: (buffer) => socket.receive(buffer),
      packet: (bytes) => this.#onPacket(bytes),
      // ENETDOWN, which the interface's own notification tells better.
      failed: () => {},
    });
    return socket;
  }

  #closeSocket(): void {
    if (this.#socket === undefined) return;
    this.#hands.receiver.remove(this.#socket.receiveFd);
    this.#socket.close();
    this.#socket = undefined;
  }

  #onPacket(bytes: Uint8Array): void {
    if (this.#asked === undefined) return;
    const { inquiry, token, at } = this.#asked;
    if (!isAnswer(bytes, inquiry, token)) return;
    const took = toMilliseconds(between(at, this.#hands.clock.now()));
    this.#conclude(true, `${inquiry.target} answered (${inquiry.method}) after ${took.toFixed(1)} ms`);
  }

  #conclude(answered: boolean, detail: string): void {
    const before = this.#check.up;
    this.#asked = undefined;
    this.#check = onResult(this.#check, answered, this.#hands.clock.now(), this.#gateway);
    this.#arm();
    const { name } = this.#gateway;
    this.#hands.asked(name, answered);
    const { up } = this.#check;
    if (up !== undefined && up !== before)
      this.#hands.found({ kind: "gateway", object: name, verdict: up, detail });
  }
}
