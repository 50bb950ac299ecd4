/**
 * HTTP on `node:http`, as the seam in `platform/http.ts` wants it. It knows no
 * path and no page. A client that is slow to ask, or to take an answer, is cut
 * off.
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";
import { deferred } from "../../core/deferred.ts";
import { acceptFailure, listenFailure } from "../../net/failures.ts";
import type {
  HttpAnswer,
  HttpHandler,
  HttpLimits,
  HttpReply,
  HttpRequest,
  HttpStream,
} from "../../platform/http.ts";
import type { Address, Listener } from "../../platform/socket.ts";
import { formatAddress } from "../../net/address.ts";
import { builtInModule } from "../process/built_in.ts";
import { askForNet } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";
import { LISTEN_QUEUE_MAX } from "./listen_queue.ts";
import { HttpPace } from "./http_pace.ts";
import { runSoon } from "./run_soon.ts";
import { HttpsPort } from "./https.ts";
import { HttpLane } from "./http_lane.ts";
import { serveAtPath } from "./http_unix.ts";
import { mayKeepSocket, watchFiles } from "./open_files.ts";
import { clearTimeout, monotonicTime, setTimeout } from "../process/timers.ts";

const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const STALL_TIMEOUT_MS = 30_000;
/** Longer than most pauses between two requests of one client: a connection that closes just then costs a request. */
const IDLE_TIMEOUT_MS = 20_000;
const CONNECTIONS_MAX = 4096;
/** Characters of an answer that are written before the client has to take them. */
const PORTION_CHARS = 65_536;

/** What it takes to handle a request, in characters that could be written meanwhile. */
const REQUEST_CHARS = 16_384;

const pace = new HttpPace(runSoon, monotonicTime);

const FAILED: HttpAnswer = {
  status: 500,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "internal error\n",
};

/**
 * Serves `handle` at `at`; port 0 asks for any free one. Rejects with a
 * `NetworkError`. A handler that throws answers 500; other requests go on.
 */
export function serveHttp(
  at: Address,
  handle: HttpHandler,
  limits: HttpLimits = {},
): Promise<Listener> {
  const {
    headersTimeoutMs = HEADERS_TIMEOUT_MS,
    stallTimeoutMs = STALL_TIMEOUT_MS,
  } = limits;
  const options = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    // The interval at which late clients are looked for, by default 30 seconds.
    connectionsCheckingInterval: headersTimeoutMs / 5,
  };
  try {
    if (at.path === undefined) askForNet(formatAddress(at));
  } catch (error) {
    return Promise.reject(listenFailure(at, errorCode(error) ?? "", error));
  }
  const lanes = new WeakMap<Socket, HttpLane>();
  const { createServer } = builtInModule<typeof import("node:http")>(
    "node:http",
  );
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const lane = lanes.get(socket) ?? new HttpLane(socket, serve);
    lanes.set(socket, lane);
    lane.add(request, response);
  });
  // A failing handler is answered with 500; all other errors are broken connections.
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    answer(request, response, handle, stallTimeoutMs)
      .catch(() => void response.destroy());
  const handedPace = {
    headersTimeoutMs,
    requestTimeoutMs: options.requestTimeout,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
  };
  const secure = limits.https &&
    new HttpsPort(server, limits.https, handedPace);
  const door = secure?.listener ?? server;
  const unwatch = watchConnections(door, at, limits);
  door.maxConnections = limits.connectionsMax ?? CONNECTIONS_MAX;
  const listening = at.path === undefined
    ? listenAt(door, at, () => secure?.close() ?? close(server))
    : serveAtPath(server, at.path, limits, handedPace, () => close(server));
  return watched(listening, unwatch);
}

/** Has `unwatch` called when the listener is closed, or cannot be opened. */
async function watched(
  listening: Promise<Listener>,
  unwatch: () => void,
): Promise<Listener> {
  try {
    const listener = await listening;
    const close = (): Promise<void> => {
      unwatch();
      return listener.close();
    };
    return { ...listener, close };
  } catch (error) {
    unwatch();
    throw error;
  }
}

function listenAt(
  door: TcpServer,
  at: Address,
  stop: () => Promise<void>,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    door.once("error", (error) => {
      reject(listenFailure(at, errorCode(error) ?? "EUNKNOWN", error));
    });
    door.listen(at.port, at.host, LISTEN_QUEUE_MAX, () => {
      door.on("error", () => {});
      const { port } = door.address() as AddressInfo;
      resolve({ address: { host: at.host, port }, close: stop });
    });
  });
}

/** Lets connections go that took the last file, and tells of that, until the result is called. */
function watchConnections(
  server: TcpServer,
  asked: Address,
  { onTrouble }: HttpLimits,
): () => void {
  const isShort = (): void => {
    const at = server.address();
    if (at === null) return;
    const address = typeof at === "string"
      ? asked
      : { host: at.address, port: at.port };
    onTrouble?.(acceptFailure(address, "EMFILE"));
  };
  server.on("connection", (socket: Socket) => {
    if (mayKeepSocket()) return;
    socket.destroy();
    isShort();
  });
  return watchFiles(isShort);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: HttpHandler,
  stallTimeoutMs: number,
): Promise<void> {
  // A broken connection also emits `close`.
  response.on("error", () => {});
  const turn = pace.spend(REQUEST_CHARS);
  if (turn !== undefined) await turn;
  if (response.destroyed) return;
  const reply = await handled(request, response, handle);
  // An unread body would keep the connection from being used again.
  request.resume();
  if ("stream" in reply) {
    await sendStream(response, reply, request.method, stallTimeoutMs);
  } else {
    await sendWhole(response, reply, request.method, stallTimeoutMs);
  }
  await taken(response, "finish", stallTimeoutMs);
}

async function handled(
  request: IncomingMessage,
  response: ServerResponse,
  handle: HttpHandler,
): Promise<HttpReply> {
  try {
    return await handle(requestOf(request, response));
  } catch {
    return FAILED;
  }
}

/** Sends the parts of a stream, each after the one before was taken. */
async function sendStream(
  response: ServerResponse,
  { status, headers, stream }: HttpStream,
  method: string | undefined,
  stallTimeoutMs: number,
): Promise<void> {
  response.writeHead(status, { ...headers });
  if (method !== "HEAD") {
    response.flushHeaders();
    for await (const part of stream) {
      if (response.destroyed) return;
      await sendText(response, part, stallTimeoutMs);
    }
  }
  response.end();
}

/** Writes a text, each portion when the one before was taken and its turn has come. */
async function sendText(
  response: ServerResponse,
  text: string,
  stallTimeoutMs: number,
): Promise<void> {
  for (const portion of portionsOf(text)) {
    const turn = pace.spend(portion.length);
    if (turn !== undefined) await turn;
    if (response.destroyed) return;
    if (!response.write(portion)) {
      await taken(response, "drain", stallTimeoutMs);
    }
  }
}

/** A long text in portions, so that a client that takes none costs one of them. */
function* portionsOf(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > PORTION_CHARS) {
    let end = start + PORTION_CHARS;
    // The halves of a character of two stay together.
    if (isHighSurrogate(text.charCodeAt(end - 1))) end--;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Sends a short answer at once, and a long one in portions. */
async function sendWhole(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
  method: string | undefined,
  stallTimeoutMs: number,
): Promise<void> {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, "Content-Length": length });
  if (method === "HEAD") return void response.end();
  if (body.length <= PORTION_CHARS) return void response.end(body);
  await sendText(response, body, stallTimeoutMs);
  response.end();
}

/**
 * Resolves on `event`, when all that was written has been taken, or when the
 * connection is closed. A client that does not take it in time is cut off.
 */
function taken(
  response: ServerResponse,
  event: "drain" | "finish",
  timeoutMs: number,
): Promise<void> {
  if (response.writableFinished || response.destroyed) return Promise.resolve();
  const { promise, resolve } = deferred<void>();
  const stalled = setTimeout(() => response.destroy(), timeoutMs);
  for (const name of [event, "close"]) response.once(name, resolve);
  return promise.finally(() => {
    clearTimeout(stalled);
    for (const name of [event, "close"]) response.off(name, resolve);
  });
}

function requestOf(
  request: IncomingMessage,
  response: ServerResponse,
): HttpRequest {
  const [path = "/", ...query] = targetOf(request).split("?");
  const search = query.join("?");
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { remoteAddress = "", remotePort = 0 } = request.socket;
  return {
    method: request.method ?? "GET",
    path,
    query: new URLSearchParams(search),
    search: search && `?${search}`,
    headers: headersOf(request),
    remote: { host: remoteAddress, port: remotePort },
    signal: gone.signal,
    readBody: (maxBytes) => readBody(request, maxBytes),
  };
}

/** A client that takes this server for a proxy sends a whole URL. */
function targetOf({ url = "/" }: IncomingMessage): string {
  const target = url.replace(/^https?:\/\/[^/?]*/i, "");
  return target.startsWith("/") ? target : `/${target}`;
}

function headersOf({ headers }: IncomingMessage): Map<string, string> {
  return new Map(
    Object.entries(headers).map(([name, value = ""]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}

function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return reject(new Error("The client is gone"));
    const body = new Uint8Array(maxBytes);
    let length = 0;
    request.on("data", (chunk: Uint8Array) => {
      const start = length;
      length += chunk.length;
      if (length <= maxBytes) body.set(chunk, start);
      // The rest is read and dropped.
      else resolve(undefined);
    });
    request.on("end", () => resolve(body.subarray(0, length)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("The client is gone")));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
