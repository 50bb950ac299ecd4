/**
 * The reception of a port whose clients speak TLS, or may. What comes in which
 * order, and what is said of failures, are nats-server's:
 *
 * - INFO in clear, then the handshake;
 * - with `handshake_first` the handshake, then INFO; with a time for that the
 *   first form for clients that have not begun by then;
 * - with `allow_non_tls` the first six bytes of a client decide, or what there
 *   is of them when the time for a handshake is over.
 *
 * The first record of a handshake is looked at before any library sees it: who
 * speaks something else is let go of without an answer.
 */
import { assert } from "../../core/assert.ts";
import { ClosedReason } from "../../core/closed.ts";
import { WireError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { formatAddress } from "../../net/address.ts";
import {
  beginsHandshake,
  offeredVersions,
  recordState,
} from "../../net/tls_record.ts";
import type { TlsSettings } from "../../options/tls.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import {
  type Address,
  type CloseReason,
  NetworkError,
  type TlsUpgrade,
} from "../../platform/socket.ts";
import type { Entering, Newcomer, Reception, TlsInfo } from "./reception.ts";
import { afterHeader } from "./proxied_client.ts";
import { isPinned } from "./pinned.ts";
import { HandshakeRate } from "./handshake_rate.ts";

/** What a reception stands on. */
export interface ReceptionHost {
  readonly clock: Clock;
  readonly log: Logger;
}

export class TlsReception implements Reception {
  readonly allowsNonTls: boolean;
  readonly rate: HandshakeRate;
  readonly clock: Clock;
  readonly log: Logger;
  #settings: TlsSettings;
  #upgrade: TlsUpgrade;

  constructor(
    settings: TlsSettings,
    allowsNonTls: boolean,
    { clock, log }: ReceptionHost,
  ) {
    this.#settings = settings;
    this.#upgrade = { role: "server", ...settings };
    this.allowsNonTls = allowsNonTls;
    this.rate = new HandshakeRate(settings.connectionRateLimit, clock, log);
    this.clock = clock;
    this.log = log;
  }

  get settings(): TlsSettings {
    return this.#settings;
  }

  /** The same object until a reload: much is made of it once. */
  get upgrade(): TlsUpgrade {
    return this.#upgrade;
  }

  get isSilent(): boolean {
    return this.#settings.handshakeFirst;
  }

  get tls(): TlsInfo {
    return {
      isRequired: !this.allowsNonTls,
      isAvailable: this.allowsNonTls,
      verifies: this.#settings.verify === true,
    };
  }

  /** Handshakes that begin from now on are by other settings, and other keys are pinned for all that are not through. */
  reconfigure(settings: TlsSettings): void {
    this.#settings = settings;
    this.#upgrade = { role: "server", ...settings };
  }

  receive(newcomer: Newcomer): Entering {
    return new TlsEntering(this, newcomer);
  }
}

/** What a client has to say before it is known whether it speaks TLS. */
const PEEKED_BYTES = 6;

type Stage =
  /** INFO is held back: does it begin a handshake by itself? */
  | "waiting"
  /** It may speak TLS, or not. */
  | "peeking"
  /** The first record of the handshake is read. */
  | "hello"
  | "securing"
  | "done";

class TlsEntering implements Entering {
  readonly #reception: TlsReception;
  readonly #newcomer: Newcomer;
  readonly #heard = new HeardBytes();
  #stage: Stage = "waiting";
  /** INFO comes behind the handshake. */
  #isFirst: boolean;
  #timer: Timer | undefined = undefined;
  /** Our end of the connection, which a socket that has gone may not know any more. */
  #local: Address | undefined = undefined;

  constructor(reception: TlsReception, newcomer: Newcomer) {
    this.#reception = reception;
    this.#newcomer = newcomer;
    this.#isFirst = reception.isSilent;
    const { proxied, connection } = newcomer;
    if (proxied?.awaitsHeader) {
      afterHeader(proxied, connection, reception, () => this.#behindHeader());
      this.#beforeHeader();
    } else this.#begin();
  }

  hear(chunk: Uint8Array): void {
    this.#heard.add(chunk);
    this.#heardMore();
  }

  hungUp(reason: CloseReason): boolean {
    const { connection } = this.#newcomer;
    // A client that says nothing where it need not speak TLS is one like others.
    if (this.#stage === "peeking") return false;
    this.#failed(this.#wordsOf(reason));
    return connection.closed;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stage = "done";
  }

  #begin(): void {
    const { fallbackDelayMs } = this.#reception.settings;
    if (!this.#isFirst) return this.#greetFirst();
    if (fallbackDelayMs === 0) return this.#handshake();
    this.#timer = this.#reception.clock.after(fallbackDelayMs, () => {
      this.#isFirst = false;
      this.#greetFirst();
    });
  }

  /** NATS: INFO in clear does not wait for the header of a proxy, which ends the wait for a handshake. */
  #beforeHeader(): void {
    const { tls, clock, settings: { fallbackDelayMs } } = this.#reception;
    const greet = (): void => {
      this.#isFirst = false;
      this.#newcomer.greet(tls);
    };
    if (!this.#isFirst) return greet();
    if (fallbackDelayMs === 0) return;
    this.#timer = clock.after(fallbackDelayMs, greet);
  }

  #behindHeader(): void {
    this.#timer?.cancel();
    if (this.#isFirst) this.#handshake();
    else this.#greeted();
  }

  #greetFirst(): void {
    this.#newcomer.greet(this.#reception.tls);
    this.#greeted();
  }

  #greeted(): void {
    const { allowsNonTls, clock, settings } = this.#reception;
    if (this.#newcomer.connection.closed) return;
    if (!allowsNonTls) return this.#handshake();
    this.#stage = "peeking";
    this.#timer = clock.after(settings.timeoutMs, () => this.#decide());
  }

  #heardMore(): void {
    const bytes = this.#heard.all;
    if (this.#stage === "waiting" && this.#isFirst) {
      return this.#handshake();
    }
    if (this.#stage === "peeking" && bytes.length >= PEEKED_BYTES) {
      return this.#decide();
    }
    if (this.#stage === "hello") this.#readHello();
  }

  #decide(): void {
    this.#timer?.cancel();
    const bytes = this.#heard.all;
    if (beginsHandshake(bytes)) return this.#handshake();
    this.#stage = "done";
    this.#newcomer.comeIn(bytes);
  }

  #handshake(): void {
    this.#timer?.cancel();
    const { connection } = this.#newcomer;
    const { rate, clock, settings } = this.#reception;
    if (!rate.allows()) {
      return connection.close(
        ClosedReason.MAX_CONNECTIONS,
        WireError.THROTTLED,
      );
    }
    connection.log.debug("Starting TLS client connection handshake");
    this.#local = connection.socket.local;
    this.#stage = "hello";
    this.#timer = clock.after(
      settings.timeoutMs,
      () => this.#failed(this.#wordsOf({ kind: "timeout" })),
    );
    this.#readHello();
  }

  #readHello(): void {
    const bytes = this.#heard.all;
    const state = recordState(bytes);
    if (state === "foreign") {
      this.#failed("tls: first record does not look like a TLS handshake");
    } else if (state === "complete") this.#secure();
  }

  #secure(): void {
    const { socket } = this.#newcomer.connection;
    this.#stage = "securing";
    // A failure is heard as the end of the socket, unless it cannot even begin.
    socket.secure(this.#reception.upgrade, this.#heard.handOver()).then(
      () => this.#secured(),
      (error: unknown) => {
        const isRefused = error instanceof NetworkError &&
          error.code === "ETLSUNSUPPORTED";
        if (isRefused) this.#failed(error.message);
      },
    );
  }

  #secured(): void {
    const { connection } = this.#newcomer;
    const { socket, log } = connection;
    if (connection.closed || this.#stage !== "securing") return;
    assert(socket.tls !== undefined, "a handshake leaves its facts");
    this.#timer?.cancel();
    if (!isPinned(connection, this.#reception.settings.pinnedCerts)) {
      return this.#failed("certificate not pinned");
    }
    log.debug("TLS handshake complete");
    const { version, cipher } = socket.tls;
    log.debug(`TLS version ${version}, cipher suite ${cipher}`);
    this.#stage = "done";
    connection.facts.isTlsFirst = this.#isFirst;
    if (this.#isFirst) this.#newcomer.greet(this.#firstInfo());
    // The handshake has taken all that was heard before.
    this.#newcomer.comeIn(this.#heard.afterHello());
  }

  /** A client that spoke TLS first has no choice any more. */
  #firstInfo(): TlsInfo {
    return { ...this.#reception.tls, isRequired: true };
  }

  #failed(why: string): void {
    const { connection } = this.#newcomer;
    if (connection.closed) return;
    const text = `TLS handshake error: ${why}`;
    if (PROBES.test(why)) connection.log.debug(text);
    else connection.log.error(text);
    connection.close(ClosedReason.TLS_HANDSHAKE_FAILURE);
  }

  /** Why nothing more comes, as Go says it. */
  #wordsOf(reason: Pick<CloseReason, "kind"> & { detail?: string }): string {
    const { kind, detail = "" } = reason;
    const { socket } = this.#newcomer.connection;
    const ends = [this.#local ?? socket.local, socket.remote]
      .map(formatAddress).join("->");
    switch (kind) {
      case "tls":
        return detail === TOO_OLD ? this.#versionsText() : detail;
      case "timeout":
        return `read tcp ${ends}: i/o timeout`;
      case "reset":
        return `read tcp ${ends}: read: connection reset by peer`;
      default:
        return this.#heard.all.length > 0 ? "unexpected EOF" : "EOF";
    }
  }

  #versionsText(): string {
    const offered = offeredVersions(this.#heard.all)
      .map((version) => version.toString(16));
    return `${TOO_OLD}: [${offered.join(" ")}]`;
  }
}

const TOO_OLD = "tls: client offered only unsupported versions";

/** NATS: what any scanner of ports brings about is no error. */
const PROBES = /first record does not look like a TLS handshake|i\/o timeout$/;

/** What a client has said so far; it grows in few steps. */
class HeardBytes {
  #bytes = new Uint8Array(0);
  #length = 0;
  /** Where what the handshake was given ends. */
  #helloEnd = 0;

  get all(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      grown.set(this.all);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /** All of it goes to the handshake. */
  handOver(): Uint8Array {
    this.#helloEnd = this.#length;
    return this.all;
  }

  /** What was heard behind that, inside TLS. */
  afterHello(): Uint8Array {
    return this.all.subarray(this.#helloEnd);
  }
}
