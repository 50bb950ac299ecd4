/**
 * Events of clients that come, go, and are not let in. They are made only when
 * an interest that might take them is there: otherwise a login costs one look
 * at a number.
 */
import { InternalClient } from "../accounts/internal.ts";
import type { ClientSession } from "../broker/clients/session.ts";
import { utf8ByteString } from "../core/ascii.ts";
import { ClosedReason } from "../core/closed.ts";
import { clientRecord } from "./client_facts.ts";
import { jsonBytes, type Voice } from "./voice.ts";

const CONNECTS = "$SYS.ACCOUNT.*.CONNECT";
const DISCONNECTS = "$SYS.ACCOUNT.*.DISCONNECT";
const CONNECT_TYPE = "io.nats.server.advisory.v1.client_connect";
const DISCONNECT_TYPE = "io.nats.server.advisory.v1.client_disconnect";
/** Told in the account that the client was in, which is the global one for a stranger. */
const ACCOUNT_REFUSALS = "$SYS.ACCOUNT.CLIENT.AUTH.ERR";

export class ClientEvents {
  readonly #voice: Voice;
  readonly #refusals: string;

  constructor(voice: Voice) {
    this.#voice = voice;
    this.#refusals = `$SYS.SERVER.${voice.serverId}.CLIENT.AUTH.ERR`;
  }

  bound(session: ClientSession): void {
    const voice = this.#voice;
    if (!voice.hears(CONNECTS)) return;
    const { account } = session.login;
    voice.say(`$SYS.ACCOUNT.${account.name}.CONNECT`, () => ({
      ...voice.eventHead(CONNECT_TYPE),
      server: voice.record(),
      client: clientRecord(session, this.#shiftMs),
    }));
  }

  ended(session: ClientSession, reason: ClosedReason): void {
    if (reason === ClosedReason.AUTHENTICATION_FAILURE) {
      this.#refused(session, reason);
    }
    const voice = this.#voice;
    if (!voice.hears(DISCONNECTS)) return;
    const { account } = session.login;
    voice.say(
      `$SYS.ACCOUNT.${account.name}.DISCONNECT`,
      () => this.#ending(session, reason),
    );
  }

  get #shiftMs(): number {
    return this.#voice.broker.host.clock.shiftMs;
  }

  #refused(session: ClientSession, reason: ClosedReason): void {
    const voice = this.#voice;
    if (voice.hears(this.#refusals)) {
      voice.say(this.#refusals, () => this.#ending(session, reason));
    }
    const { account } = session.login;
    if (account.sublist.size === 0) return;
    const speaker = new InternalClient(account, voice.broker.host.delivery);
    if (!speaker.isHeard(ACCOUNT_REFUSALS)) return;
    speaker.publish(
      utf8ByteString(ACCOUNT_REFUSALS),
      jsonBytes(this.#ending(session, reason)),
    );
  }

  /** NATS: `sent` is what the client sent, `received` what it received. */
  #ending(session: ClientSession, reason: ClosedReason): object {
    const voice = this.#voice;
    const { login, connection } = session;
    const { inMsgs, inBytes, outMsgs, outBytes } = connection.facts.traffic;
    const head = voice.eventHead(DISCONNECT_TYPE);
    // A client that was not let in is told as who it wanted to be.
    const user = login.principal?.user ?? login.fields.user;
    return {
      ...head,
      server: voice.record(),
      client: clientRecord(session, this.#shiftMs, {
        user,
        stop: head.timestamp,
      }),
      sent: { msgs: inMsgs, bytes: inBytes },
      received: { msgs: outMsgs, bytes: outBytes },
      reason,
    };
  }
}
