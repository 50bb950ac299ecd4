/**
 * The client's side of the handshake: asks for a WebSocket on a dialled socket,
 * and checks the answer.
 */
import { asciiBytes, byteString } from "../core/ascii.ts";
import { base64 } from "../core/base64.ts";
import { deferred } from "../core/deferred.ts";
import type { Random } from "../platform/clock.ts";
import {
  type CloseReason,
  NetworkError,
  type Socket,
  type SocketEvents,
  WEBSOCKET_FAILED,
} from "../platform/socket.ts";
import { EventRelay } from "./event_relay.ts";
import type { WebSocketHost } from "./host.ts";
import { HttpRefusal } from "./http_refusal.ts";
import { RequestReader } from "./request_reader.ts";
import { acceptOf, namesDeflate } from "./upgrade.ts";
import { WebSocketSocket } from "./websocket_socket.ts";

/** What is asked for. */
export interface WebSocketTarget {
  /** `host:port`, as it stands in the URL. */
  readonly host: string;
  /** Path and query; `/` without any. */
  readonly path: string;
  /** Further headers of the request. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Messages may be compressed; one may become this long. */
  readonly compressedBytesMax?: number | undefined;
  readonly timeoutMs: number;
}

/** A client needs chance as well, for keys. */
export interface WebSocketClientHost extends WebSocketHost {
  readonly random: Random;
}

const KEY_BYTES = 16;
/** How every answer begins. */
const HTTP = "HTTP/";
const DEFLATE_OFFER =
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/**
 * Takes over `socket`, which nobody has opened. Rejects with a `NetworkError`
 * when the server does not want to, and then the socket is closed.
 */
export function connectWebSocket(
  socket: Socket,
  target: WebSocketTarget,
  host: WebSocketClientHost,
): Promise<WebSocketSocket> {
  const handshake = new ClientHandshake(socket, target, host);
  return handshake.done;
}

class ClientHandshake implements SocketEvents {
  readonly done: Promise<WebSocketSocket>;
  readonly #socket: Socket;
  readonly #target: WebSocketTarget;
  readonly #host: WebSocketClientHost;
  readonly #key: string;
  readonly #answer: RequestReader = new RequestReader();
  readonly #relay: EventRelay;
  readonly #resolve: (socket: WebSocketSocket) => void;
  readonly #reject: (error: NetworkError) => void;
  readonly #stopTimer: () => void;
  /** Nothing has come yet. */
  #isFirst = true;
  #isOver = false;

  constructor(
    socket: Socket,
    target: WebSocketTarget,
    host: WebSocketClientHost,
  ) {
    const { promise, resolve, reject } = deferred<WebSocketSocket>();
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#socket = socket;
    this.#target = target;
    this.#host = host;
    const key = new Uint8Array(KEY_BYTES);
    host.random.fill(key);
    this.#key = base64(key);
    this.#relay = new EventRelay(this);
    const timer = host.clock.after(
      target.timeoutMs,
      () => this.#fail("no answer in time", "ETIMEDOUT"),
    );
    this.#stopTimer = () => timer.cancel();
    socket.write(asciiBytes(requestText(target, this.#key)));
    socket.open(this.#relay);
  }

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#isFirst && !mayBeHttp(chunk)) {
      return this.#fail("the answer is no HTTP");
    }
    this.#isFirst = false;
    this.#answer.append(chunk);
    try {
      if (!this.#answer.isWhole()) return;
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
      return this.#fail("the answer is too long");
    }
    const lines = byteString(this.#answer.next()).split(/\r?\n/);
    const wrong = wrongIn(lines, acceptOf(this.#host.sha1, this.#key));
    if (wrong !== undefined) return this.#fail(wrong);
    const extensions = valuesOf(lines, "sec-websocket-extensions");
    const isCompressed = extensions.length > 0;
    if (isCompressed && !this.#mayBe(extensions)) {
      return this.#fail("the server chose an extension that was not offered");
    }
    this.#open(isCompressed);
  }

  onDrain(): void {}

  onClose(reason: CloseReason): void {
    this.#fail("the connection ended before the answer", codeOf(reason));
  }

  /** One that keeps a context from message to message was not offered. */
  #mayBe(extensions: readonly string[]): boolean {
    const [extension = "", ...others] = extensions;
    return this.#target.compressedBytesMax !== undefined &&
      others.length === 0 && namesDeflate(extensions) &&
      /;\s*server_no_context_takeover\b/i.test(extension);
  }

  #open(isCompressed: boolean): void {
    this.#isOver = true;
    this.#stopTimer();
    this.#socket.pause();
    const { deflate, random } = this.#host;
    const { compressedBytesMax: bytesMax = 0 } = this.#target;
    const socket = new WebSocketSocket(
      this.#socket,
      this.#host,
      {
        masks: "refused",
        inflation: isCompressed ? { deflate, bytesMax } : undefined,
      },
      { random, deflate: isCompressed ? deflate : undefined },
    );
    this.#relay.to = socket;
    // What the server said at once; it may have left the chunk for good.
    const rest = this.#answer.rest();
    if (rest.length > 0) socket.onData(rest);
    this.#resolve(socket);
  }

  #fail(why: string, code: string = WEBSOCKET_FAILED): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#socket.destroy();
    const { host } = this.#target;
    this.#reject(new NetworkError(`websocket ${host}: ${why}`, code));
  }
}

function requestText(
  { host, path, headers = [], compressedBytesMax }: WebSocketTarget,
  key: string,
): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    ...(compressedBytesMax === undefined
      ? []
      : [`Sec-WebSocket-Extensions: ${DEFLATE_OFFER}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A port for clients of another kind may say a line, and then wait for ever. */
function mayBeHttp(chunk: Uint8Array): boolean {
  const beginning = byteString(chunk.subarray(0, HTTP.length));
  return HTTP.startsWith(beginning);
}

/** What is wrong with an answer that should grant a WebSocket. */
function wrongIn(lines: readonly string[], accept: string): string | undefined {
  const [, status, words] =
    /^HTTP\/1\.\d (\d{3}) ?(.*)$/.exec(lines[0] ?? "") ??
      [];
  if (status === undefined) return "the answer is no HTTP";
  if (status !== "101") return `the server answered ${status} ${words}`.trim();
  if (!tokensOf(lines, "upgrade").includes("websocket")) {
    return "invalid value for header 'Upgrade'";
  }
  if (!tokensOf(lines, "connection").includes("upgrade")) {
    return "invalid value for header 'Connection'";
  }
  const isProven = valuesOf(lines, "sec-websocket-accept").includes(accept);
  return isProven
    ? undefined
    : "invalid value for header 'Sec-WebSocket-Accept'";
}

function valuesOf(lines: readonly string[], name: string): string[] {
  return lines.slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

function tokensOf(lines: readonly string[], name: string): string[] {
  return valuesOf(lines, name).flatMap((list) =>
    list.split(",").map((token) => token.trim().toLowerCase())
  );
}

function codeOf(reason: CloseReason): string {
  return reason.kind === "reset" || reason.kind === "failed"
    ? reason.code
    : WEBSOCKET_FAILED;
}
