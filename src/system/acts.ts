/**
 * What the server is told to do in the system account: to read its configuration
 * again, and to send a client away.
 */
import { ClosedReason } from "../core/closed.ts";
import type { Message } from "../wire/message.ts";
import type { Answers } from "./answers.ts";
import { decodeGo, type GoStruct } from "../core/go_json.ts";
import { readRequest } from "./request.ts";
import type { Voice } from "./voice.ts";

/** Reads the configuration again; rejects with the reason why it stays as it was. */
export type ReloadServer = () => Promise<void>;

const KICK: GoStruct = {
  name: "KickClientReq",
  fields: { cid: { kind: "int", path: "cid", type: "uint64" } },
};
const LEAVE: GoStruct = { ...KICK, name: "LDMClientReq" };

export class Acts {
  readonly #voice: Voice;
  readonly #answers: Answers;
  readonly #reload: ReloadServer;

  constructor(voice: Voice, answers: Answers, reload: ReloadServer) {
    this.#voice = voice;
    this.#answers = answers;
    this.#reload = reload;
  }

  start(): void {
    this.#serve("RELOAD", (message) => {
      this.#answers.outcome(readRequest(message), this.#reload);
    });
    this.#serve("KICK", (message) => {
      this.#actOn(message, KICK, "kick", (cid) => this.#kick(cid));
    });
    this.#serve("LDM", (message) => {
      this.#actOn(message, LEAVE, "LDM", (cid) => this.#sendAway(cid));
    });
  }

  #serve(name: string, handler: (message: Message) => void): void {
    const { client, serverId } = this.#voice;
    client.subscribe(`$SYS.REQ.SERVER.${serverId}.${name}`, "", handler);
  }

  /** NATS: what cannot be read has no answer, and a line in the log. */
  #actOn(
    message: Message,
    struct: GoStruct,
    what: string,
    act: (cid: number) => void,
  ): void {
    const request = readRequest(message);
    const decoded = decodeGo(request.text, struct);
    if ("error" in decoded) {
      const text = `Error unmarshalling ${what} client request`;
      this.#voice.broker.host.log.error(`SYSTEM - ${text}: ${decoded.error}`);
      return;
    }
    const { cid = 0 } = decoded.values;
    this.#answers.outcome(request, () => act(Number(cid)));
  }

  #kick(cid: number): void {
    const session = this.#voice.broker.clients.sessions.get(cid);
    if (session === undefined) {
      throw new Error("no such client or leafnode id");
    }
    session.connection.close(ClosedReason.KICKED);
  }

  #sendAway(cid: number): void {
    const session = this.#voice.broker.clients.sessions.get(cid);
    if (session === undefined) throw new Error("no such client id");
    session.pushLeave();
  }
}
