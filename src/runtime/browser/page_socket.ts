/**
 * The socket seam over the WebSocket of a browser page. The browser does the
 * handshake, TLS and the frames; a stream is what its binary messages hold, one
 * behind the other.
 *
 * A page cannot hold the server up: what comes in while the socket is paused is
 * kept. How much of what was written has left is only seen by looking, so
 * `onDrain` comes a moment late. Nobody tells a page why a WebSocket did not
 * open, or which version and cipher TLS has.
 */
import { isError } from "../../core/errors.ts";
import { runAtEndOfTask } from "../../core/microtask.ts";
import type { Timer } from "../../platform/clock.ts";
import { bracketed } from "../../net/address.ts";
import {
  type Address,
  type CloseReason,
  NetworkError,
  type Socket,
  type SocketEvents,
  type TlsState,
} from "../../platform/socket.ts";
import type { DialWeb, WebTarget } from "../../platform/web_dialler.ts";
import { pageClock } from "./page_clock.ts";

/** A `WebSocket`, as far as it is used here. */
interface WebSocketOfPage {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: PageCloseEvent) => void) | null;
  onerror: (() => void) | null;
  send(bytes: Uint8Array): void;
  close(code?: number): void;
}

interface PageCloseEvent {
  readonly code: number;
}

type WebSocketClass = new (url: string) => WebSocketOfPage;

/**
 * The most in one message. A server that inflates what a browser deflates takes
 * no more than `max_payload` in a message, a protocol line included.
 */
const MESSAGE_BYTES_MAX = 32_768;
/** Bytes that the browser may hold before the writer is asked to wait. */
const BUFFERED_BYTES_MAX = 262_144;
/** Between two looks at what has left. */
const LOOK_MS = 10;
/** What a WebSocket is closed with that has done its work. */
const NORMAL = 1000;
/** The connection broke: there was no closing handshake. */
const ABNORMAL = 1006;

const UNKNOWN: Address = { host: "", port: 0 };

/** Opens a WebSocket of the page. */
export const dialPageSocket: DialWeb = (_network, _address, target) => {
  const { WebSocket } = globalThis as unknown as {
    readonly WebSocket?: WebSocketClass;
  };
  if (WebSocket === undefined) {
    return Promise.reject(
      new NetworkError("there is no WebSocket here", "ENOTSUP"),
    );
  }
  return opened(WebSocket, target);
};

function opened(
  WebSocket: WebSocketClass,
  target: WebTarget,
): Promise<PageSocket> {
  const url = urlOf(target);
  return new Promise((resolve, reject) => {
    const web = made(WebSocket, url);
    const fail = (why: string, code: string): void => {
      timer.cancel();
      web.onopen = web.onclose = null;
      web.close();
      reject(
        new NetworkError(`open ${url.replace(/\?.*/s, "")}: ${why}`, code),
      );
    };
    const timer = pageClock.after(
      target.timeoutMs,
      () => fail("i/o timeout", "ETIMEDOUT"),
    );
    web.binaryType = "arraybuffer";
    web.onopen = () => {
      timer.cancel();
      resolve(new PageSocket(web, target));
    };
    web.onclose = () => fail(NOT_OPENED, "ECONNREFUSED");
    web.onerror = () => {};
  });
}

/** A page that came by HTTPS may not open every `ws://` URL: browsers throw then. */
function made(WebSocket: WebSocketClass, url: string): WebSocketOfPage {
  try {
    return new WebSocket(url);
  } catch (cause) {
    const why = isError(cause) ? cause.message : String(cause);
    throw new NetworkError(`open a WebSocket: ${why}`, "ENOTSUP", cause);
  }
}

const NOT_OPENED =
  "the WebSocket did not open, and no browser tells a page why";

function urlOf({ host, port, path, tls }: WebTarget): string {
  const scheme = tls === undefined ? "ws" : "wss";
  return `${scheme}://${bracketed(host)}:${port}${path}`;
}

/** A WebSocket that is open. */
class PageSocket implements Socket {
  readonly local: Address = UNKNOWN;
  readonly remote: Address;
  readonly tls: TlsState | undefined;
  readonly #web: WebSocketOfPage;
  #events: SocketEvents | undefined;
  /** What came before `open`, or while it is paused. */
  #kept: Uint8Array[] = [];
  #isPaused = false;
  #closedBy: CloseReason | undefined;
  #isOver = false;
  /** We have asked for the end. */
  #isEnding = false;
  /** Runs while the writer waits. */
  #look: Timer | undefined;

  constructor(web: WebSocketOfPage, { host, port, tls }: WebTarget) {
    this.remote = { host, port };
    this.tls = tls === undefined ? undefined : { version: "", cipher: "" };
    this.#web = web;
    web.onmessage = ({ data }) => this.#onData(bytesOf(data));
    web.onclose = ({ code }) => this.#onClose(code);
  }

  get pendingBytes(): number {
    return this.#web.bufferedAmount;
  }

  open(events: SocketEvents): void {
    this.#events = events;
    this.#deliverSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isEnding) return false;
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES_MAX) {
      this.#web.send(bytes.subarray(at, at + MESSAGE_BYTES_MAX));
    }
    if (this.pendingBytes <= BUFFERED_BYTES_MAX) return true;
    this.#look ??= pageClock.after(LOOK_MS, () => this.#lookForDrain());
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliverSoon();
  }

  secure(): Promise<void> {
    return Promise.reject(
      new NetworkError("TLS of a WebSocket is wss://", "ETLSUNSUPPORTED"),
    );
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#web.close(NORMAL);
  }

  destroy(): void {
    this.end();
    this.#kept = [];
    this.#close({ kind: "closed" });
  }

  #onData(bytes: Uint8Array): void {
    if (this.#closedBy !== undefined) return;
    this.#kept.push(bytes);
    this.#deliver();
  }

  #onClose(code: number): void {
    if (this.#isEnding) return this.#close({ kind: "closed" });
    this.#isEnding = true;
    this.#close(
      code === ABNORMAL
        ? { kind: "reset", code: "ECONNRESET" }
        : { kind: "ended" },
    );
  }

  #close(reason: CloseReason): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    this.#look?.cancel();
    this.#deliverSoon();
  }

  /** What is told at once would come before the caller is done; timers are slow in a hidden page. */
  #deliverSoon(): void {
    runAtEndOfTask(() => this.#deliver());
  }

  /** Hands on what may be handed on, and behind all of it the end. */
  #deliver(): void {
    const events = this.#events;
    if (events === undefined || this.#isOver) return;
    while (this.#kept.length > 0) {
      if (this.#isPaused) return;
      events.onData(this.#kept.shift()!);
    }
    if (this.#closedBy === undefined) return;
    this.#isOver = true;
    events.onClose(this.#closedBy);
  }

  #lookForDrain(): void {
    const isDrained = this.pendingBytes === 0;
    this.#look = isDrained
      ? undefined
      : pageClock.after(LOOK_MS, () => this.#lookForDrain());
    if (isDrained && this.#closedBy === undefined) this.#events?.onDrain();
  }
}

function bytesOf(data: unknown): Uint8Array {
  return typeof data === "string"
    ? new TextEncoder().encode(data)
    : new Uint8Array(data as ArrayBuffer);
}
