/**
 * Conversations made by chance, from a seed. Only what both servers can answer
 * in one way is said: groups have one member each, and a reply subject one
 * subscription, since nats-server draws lots among several.
 */
import { type Random, randomBelow } from "../../../../src/platform/clock.ts";
import {
  connect,
  type Conversation,
  type Group,
  talk,
} from "../conversation.ts";

const CONVERSATIONS = 150;
const OPERATIONS_MAX = 25;

const TOKENS = ["a", "b", "c", "A", "\xc3\xa9", "$x", "a*", ">b"];
const BLANKS = [" ", " ", " ", "  ", "\t", " \t "];
const LINE_ENDS = ["↵", "↵", "↵", "\n"];
const HEADERS = "NATS/1.0\r\nA: b\r\n\r\n";

/** What a server may not understand, or ends a connection for. */
const ODD = [
  ...["PUB", "PUB ", "SUB a", "UNSUB", "UNSUB 1 2 3", "HPUB a 9 3", "PUB a x"],
  ...["-ERR 'x'", "INFO {", "CONNECT {", "ZORK", "", " PING", "PUB a 1048577"],
  ...["SUB a..b 7", "PUB $GR.x 0\r\n", "SUB a _sys_ 8", "PINGPONG", "+OK yes"],
];

export function generated(random: Random): Group {
  const maker = new Maker(random);
  return {
    title: "generated conversations",
    config: "max_subscriptions: 6",
    conversations: Array.from(
      { length: CONVERSATIONS },
      (_, at) => maker.conversation(`generated ${at}`),
    ),
  };
}

class Maker {
  readonly #random: Random;
  #isPedantic = true;

  constructor(random: Random) {
    this.#random = random;
  }

  conversation(title: string): Conversation {
    this.#isPedantic = true;
    const steps = this.#chance(8) ? [] : [this.#connect()];
    if (this.#chance(2)) steps.push("SUB r{n} 0↵");
    const count = 1 + randomBelow(this.#random, OPERATIONS_MAX);
    for (let i = 0; i < count; i++) steps.push(this.#operation());
    return talk(title, steps.join(""));
  }

  #operation(): string {
    switch (randomBelow(this.#random, 12)) {
      case 0:
      case 1:
      case 2:
        return this.#line("SUB", this.#pattern(), ...this.#groupAndSid());
      case 3:
        return this.#line("UNSUB", this.#sid());
      case 4:
        return this.#line("UNSUB", this.#sid(), this.#number(4));
      case 5:
        return this.#line("PING");
      case 6:
        return this.#chance(4) ? this.#connect() : this.#line("PONG");
      case 7:
        return this.#chance(4)
          ? this.#line(this.#pick(ODD))
          : this.#line("ping");
      case 8:
        return this.#publishWithHeaders();
      default:
        return this.#publish();
    }
  }

  #publish(): string {
    const payload = "x".repeat(randomBelow(this.#random, 40));
    const size = this.#chance(5) ? `0${payload.length}` : `${payload.length}`;
    const line = this.#line("PUB", this.#subject(), ...this.#reply(), size);
    return `${line}${payload}↵`;
  }

  #publishWithHeaders(): string {
    const body = HEADERS + "y".repeat(randomBelow(this.#random, 10));
    const sizes = [`${HEADERS.length}`, `${body.length}`];
    const line = this.#line(
      "HPUB",
      this.#subject(),
      ...this.#reply(),
      ...sizes,
    );
    return `${line}${body}↵`;
  }

  #connect(): string {
    this.#isPedantic = this.#chance(3);
    return connect({
      verbose: this.#chance(4),
      pedantic: this.#isPedantic,
      echo: !this.#chance(6),
      protocol: this.#chance(2) ? 1 : 0,
      headers: !this.#chance(6),
      no_responders: this.#chance(3),
    });
  }

  #line(verb: string, ...words: string[]): string {
    const text = [verb, ...words].reduce((line, word) =>
      line + this.#pick(BLANKS) + word
    );
    return text + this.#pick(LINE_ENDS);
  }

  #groupAndSid(): string[] {
    const sid = this.#sid();
    return this.#chance(4) ? [`q${sid}`, sid] : [sid];
  }

  #reply(): string[] {
    return this.#chance(3) ? ["r{n}"] : [];
  }

  #subject(): string {
    const tokens = ["g{n}", ...this.#tokens()];
    // nats-server complains twice of a message that its reads have cut in two.
    const isInvalid = !this.#isPedantic && this.#chance(12);
    return isInvalid ? `${tokens.join(".")}.` : tokens.join(".");
  }

  #pattern(): string {
    const tokens = this.#tokens().map((token) => this.#chance(3) ? "*" : token);
    return ["g{n}", ...tokens, ...this.#chance(4) ? [">"] : []].join(".");
  }

  #tokens(): string[] {
    const count = randomBelow(this.#random, 3);
    return Array.from({ length: count }, () => this.#pick(TOKENS));
  }

  #sid(): string {
    return this.#number(7, 1);
  }

  #number(below: number, least = 0): string {
    return String(least + randomBelow(this.#random, below));
  }

  /** True once in `times`. */
  #chance(times: number): boolean {
    return randomBelow(this.#random, times) === 0;
  }

  #pick<T>(items: readonly T[]): T {
    return items[randomBelow(this.#random, items.length)]!;
  }
}
