/**
 * HTTP on `node:http`, as much of it as monitoring needs: requests without a
 * body, answers made at once.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { listenFailure } from "../net/failures.ts";
import type { Address, Listener } from "../net/socket.ts";
import type { HttpAnswer, HttpRequest } from "../monitor/monitor.ts";
import { errorCode } from "./system.ts";

/** A client that takes longer to send its request line and headers is cut off. */
const HEADERS_TIMEOUT_MS = 5000;

const FAILED: HttpAnswer = {
  status: 500,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "internal error\n",
};

/**
 * Serves `handle` at `at`; port 0 asks for any free one. Rejects with a
 * `NetworkError`. A handler that throws answers 500 and harms nobody else.
 */
export function serveHttp(
  at: Address,
  handle: (request: HttpRequest) => HttpAnswer,
  headersTimeout: number = HEADERS_TIMEOUT_MS,
): Promise<Listener> {
  const options = {
    headersTimeout,
    requestTimeout: headersTimeout,
    // How often it looks for late clients; every 30 seconds by default.
    connectionsCheckingInterval: headersTimeout / 5,
  };
  const server = createServer(options, (request, response) => {
    answer(request, response, handle);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(listenFailure(at, errorCode(error) ?? "EUNKNOWN", error));
    });
    server.listen(at.port, at.host, () => {
      server.on("error", () => {});
      const { port } = server.address() as AddressInfo;
      resolve({
        address: { host: at.host, port },
        close: () => close(server),
      });
    });
  });
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: HttpRequest) => HttpAnswer,
): void {
  const { status, headers, body } = handled(request, handle);
  const bytes = new TextEncoder().encode(body);
  // A body that nobody reads would keep the connection from being used again.
  request.resume();
  response.writeHead(status, { ...headers, "Content-Length": bytes.length });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function handled(
  request: IncomingMessage,
  handle: (request: HttpRequest) => HttpAnswer,
): HttpAnswer {
  try {
    const [path = "/", ...query] = (request.url ?? "/").split("?");
    return handle({
      method: request.method ?? "GET",
      path,
      query: new URLSearchParams(query.join("?")),
    });
  } catch {
    return FAILED;
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
