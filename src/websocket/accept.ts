/**
 * The server's side of the handshake: reads the request of an accepted socket,
 * answers it, and hands over a `WebSocketSocket`. A peer that does not ask in
 * time, or asks wrongly, costs the listener nothing more.
 */
import type { Timer } from "../platform/clock.ts";
import type { CloseReason, Socket, SocketEvents } from "../platform/socket.ts";
import type { FrameRules } from "./frame_reader.ts";
import type { FrameStyle } from "./frame_writer.ts";
import { EventRelay } from "./event_relay.ts";
import type { WebSocketHost } from "./host.ts";
import {
  noUpgradeReply,
  otherReply,
  type PortAnswer,
  refusalReply,
  upgradeReply,
} from "./http_answers.ts";
import { HttpRefusal } from "./http_refusal.ts";
import { readHead, type RequestHead } from "./request_head.ts";
import { RequestReader } from "./request_reader.ts";
import {
  judgeUpgrade,
  type Upgrade,
  type UpgradeRules,
  type WebSocketRequest,
} from "./upgrade.ts";
import { WebSocketSocket } from "./websocket_socket.ts";

/** What a listener is told to do. */
export interface WebSocketSettings extends UpgradeRules {
  /** How long a client may take for its request; undefined: as long as is usual. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** What a compressed message may become. */
  readonly maxPayloadBytes: number;
}

/** Who waits for WebSockets. One of the two is called, at most once. */
export interface WebSocketAcceptor {
  /** The socket is to be opened at once. */
  accepted(socket: WebSocketSocket, request: WebSocketRequest): void;
  /** A request was refused; `why` is for the log. The peer may try again. */
  refused(why: string): void;
  /** Once: nothing more is read here. */
  over?(): void;
}

/** The time for a request where none is given. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Browsers get frames of this size at most, as some of them choke on larger ones. */
const BROWSER_FRAME_BYTES = 4096;
/** A body that nobody wants is read up to here, for the sake of the next request. */
const BODY_BYTES_MAX = 262_144;

/** Takes over `socket`, which nobody has opened. */
export function acceptWebSocket(
  socket: Socket,
  settings: WebSocketSettings,
  host: WebSocketHost,
  acceptor: WebSocketAcceptor,
): void {
  new Handshake(socket, settings, host, acceptor).start();
}

class Handshake implements SocketEvents {
  readonly #socket: Socket;
  readonly #settings: WebSocketSettings;
  readonly #host: WebSocketHost;
  readonly #acceptor: WebSocketAcceptor;
  readonly #requests: RequestReader = new RequestReader();
  readonly #relay: EventRelay;
  #timer: Timer | undefined = undefined;
  /** Of a body that is passed over. */
  #unwantedBytes = 0;
  /** Answers are pending that the peer does not take: no further request is read. */
  #isBlocked = false;
  #isOver = false;

  constructor(
    socket: Socket,
    settings: WebSocketSettings,
    host: WebSocketHost,
    acceptor: WebSocketAcceptor,
  ) {
    this.#socket = socket;
    this.#settings = settings;
    this.#host = host;
    this.#acceptor = acceptor;
    this.#relay = new EventRelay(this);
  }

  start(): void {
    this.#awaitRequest();
    this.#socket.open(this.#relay);
  }

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#requests.append(chunk);
    this.#answerAll();
  }

  onDrain(): void {
    if (this.#isOver || !this.#isBlocked) return;
    this.#isBlocked = false;
    this.#answerAll();
    if (!this.#isOver && !this.#isBlocked) this.#socket.resume();
  }

  onClose(_reason: CloseReason): void {
    this.#end();
  }

  /** Answers what has come, as far as the peer takes answers. */
  #answerAll(): void {
    try {
      while (!this.#isOver && !this.#isBlocked && this.#nextIsWhole()) {
        this.#answer(readHead(this.#requests.next()));
      }
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
      this.#send(refusalReply(error));
    }
  }

  #nextIsWhole(): boolean {
    this.#unwantedBytes = this.#requests.skip(this.#unwantedBytes);
    return this.#unwantedBytes === 0 && this.#requests.isWhole();
  }

  #answer(head: RequestHead): void {
    const now = this.#host.clock.now();
    const other = otherReply(head, now);
    if (other !== undefined) return this.#refuse(head, other);
    const { sha1 } = this.#host;
    const upgrade = judgeUpgrade(head, this.#settings, sha1);
    if ("headers" in upgrade) return this.#accept(upgrade);
    this.#refuse(head, noUpgradeReply(head, upgrade, now));
    this.#acceptor.refused(upgrade.why);
  }

  #refuse({ bodyBytes }: RequestHead, reply: PortAnswer): void {
    const isLast = reply.isLast || bodyBytes > BODY_BYTES_MAX;
    this.#send({ ...reply, isLast });
    this.#unwantedBytes = bodyBytes;
    if (!isLast) this.#awaitRequest();
  }

  #send({ bytes, isLast }: PortAnswer): void {
    const isTaken = this.#socket.write(bytes);
    if (!isLast) return isTaken ? undefined : this.#block();
    this.#end();
    this.#socket.end();
  }

  /** Answers are longer than requests: who takes none gets no more of them. */
  #block(): void {
    this.#isBlocked = true;
    this.#socket.pause();
  }

  #accept(upgrade: Upgrade): void {
    this.#end();
    if (this.#requests.restBytes > 0) {
      this.#socket.destroy();
      return this.#acceptor.refused(
        "client sent data before handshake is complete",
      );
    }
    this.#socket.pause();
    this.#socket.write(upgradeReply(upgrade.headers));
    const socket = new WebSocketSocket(
      this.#socket,
      this.#host,
      this.#rules(upgrade),
      this.#style(upgrade),
    );
    this.#relay.to = socket;
    this.#acceptor.accepted(socket, upgrade.request);
  }

  #rules({ isUnmasked, isCompressed }: Upgrade): FrameRules {
    const { deflate } = this.#host;
    const bytesMax = this.#settings.maxPayloadBytes;
    return {
      masks: isUnmasked ? "allowed" : "needed",
      inflation: isCompressed ? { deflate, bytesMax } : undefined,
    };
  }

  #style({ browser, isCompressed }: Upgrade): FrameStyle {
    return {
      deflate: isCompressed ? this.#host.deflate : undefined,
      frameBytesMax: browser === "none" ? undefined : BROWSER_FRAME_BYTES,
      compressedFrameBytesMax: browser === "other"
        ? BROWSER_FRAME_BYTES
        : undefined,
    };
  }

  #awaitRequest(): void {
    this.#timer?.cancel();
    const { handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = this.#settings;
    this.#timer = this.#host.clock.after(handshakeTimeoutMs, () => {
      this.#end();
      this.#socket.destroy();
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#acceptor.over?.();
  }
}
