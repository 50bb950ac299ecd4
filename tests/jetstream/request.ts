/** Requests to JetStream, each with its answer. */
import { connectPeer, type Peer } from "../support/peer.ts";
import type { TestContext } from "../support/test.ts";

/** The fields of an answer. */
export type Answer = Readonly<Record<string, unknown>>;

/** One peer that asks one thing after the other. */
export class Asker {
  readonly #peer: Peer;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** What is answered to a request of the API; `body`: JSON, or a text. */
  api(subject: string, body: object | string = ""): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.publish(`$JS.API.${subject}`, text);
  }

  /** The code of its error; undefined: there was none. */
  async error(subject: string, body: object | string = ""): Promise<unknown> {
    return errorIn(await this.api(subject, body));
  }

  /** What is answered to a message. */
  async publish(subject: string, payload: string): Promise<Answer> {
    this.#peer.send(`PUB ${subject} r ${payload.length}\r\n${payload}\r\n`);
    await this.#peer.expect(/H?MSG r 1 /);
    await this.#peer.expectLine();
    const line = await this.#peer.expectLine();
    return line.startsWith("{") ? JSON.parse(line) : { status: line };
  }
}

/** The code of the error in an answer. */
export function errorIn({ error }: Answer): unknown {
  return (error as Answer | undefined)?.["err_code"];
}

/** Connects, as `login` says. */
export async function asker(
  t: TestContext,
  port: number,
  login: Readonly<Record<string, unknown>> = {},
): Promise<Asker> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true, no_responders: true, ...login });
  peer.send("SUB r 1\r\n");
  return new Asker(peer);
}
