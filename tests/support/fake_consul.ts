/**
 * A Consul of one agent, in the test's own process: the healthy instances of a
 * service by blocking queries, tokens, tags and data centres, and the agent's
 * side of registration with checks that run out. It can be told to misbehave as
 * a real one may: to be silent, to answer at once, to go backwards, to forget.
 */
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Server as TcpServer, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Clock, Timer } from "../../src/platform/clock.ts";
import { platform } from "../../src/runtime/mod.ts";
import type { Certificates } from "./certificates.ts";
import { freePort } from "./free_port.ts";
import type { Cleanup } from "./temp.ts";

/** What an agent is told about an instance. */
export interface Instance {
  readonly ID: string;
  readonly Name: string;
  readonly Address?: string;
  readonly Port?: number;
  readonly Tags?: readonly string[];
  readonly Meta?: Readonly<Record<string, string>>;
  readonly Check?: {
    readonly TTL: string;
    readonly Status?: string;
    readonly DeregisterCriticalServiceAfter?: string;
  };
}

interface Registered {
  readonly instance: Instance;
  isPassing: boolean;
  timer: Timer | undefined;
}

interface Waiting {
  readonly wake: () => void;
}

const FORGET_MIN_MS = 60_000;
const META_MAX = 512;

export class FakeConsul {
  /** Every request: method, path and query. */
  readonly requests: string[] = [];
  /** With TLS: whom the certificates of those were for that came in, a name for each connection. */
  readonly shown: string[] = [];
  readonly port: number;
  readonly #clock: Clock;
  readonly #tls: Certificates | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #instances = new Map<string, Registered>();
  /** Rows of the answer that stand beside what was registered. */
  #rows: readonly unknown[] = [];
  readonly #waiting = new Set<Waiting>();
  #index = 10;
  #server: TcpServer | undefined;
  #isSilent = false;
  #isHasty = false;
  #hidesIndex = false;
  #text: string | undefined;
  #token = "";

  constructor(port: number, clock: Clock, tls?: Certificates) {
    this.port = port;
    this.#clock = clock;
    this.#tls = tls;
  }

  /** Blocking queries that are being held back. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The instances that pass their check, by id. */
  get healthy(): string[] {
    return [...this.#instances.values()]
      .filter(({ isPassing }) => isPassing)
      .map(({ instance }) => instance.ID);
  }

  instance(id: string): Instance | undefined {
    return this.#instances.get(id)?.instance;
  }

  /** Replaces all instances; these have no checks. */
  replace(instances: readonly Instance[], rows: readonly unknown[] = []): void {
    for (const { timer } of this.#instances.values()) timer?.cancel();
    this.#instances.clear();
    for (const instance of instances) {
      this.#instances.set(instance.ID, {
        instance,
        isPassing: true,
        timer: undefined,
      });
    }
    this.#rows = rows;
    this.#change();
  }

  /** The agent starts anew and knows no instance. */
  forget(): void {
    this.replace([]);
  }

  /** A request has to show this. */
  requireToken(token: string): void {
    this.#token = token;
  }

  /** Takes requests and answers none, from now on. */
  stall(): void {
    this.#isSilent = true;
  }

  /** Answers blocking queries at once, although nothing has changed. */
  hurry(): void {
    this.#isHasty = true;
    this.#wakeAll();
  }

  /** Tells no index. */
  hideIndex(): void {
    this.#hidesIndex = true;
  }

  /** As if it had been restored to an earlier state: the index is lower. */
  jumpBack(index: number = 1): void {
    this.#index = index;
    this.#wakeAll();
  }

  /** Something changes elsewhere, by which the index grows. */
  churn(): void {
    this.#change();
  }

  speak(text: string): void {
    this.#text = text;
  }

  /** Serves at the same port as before. */
  async open(): Promise<void> {
    const http = createServer((request, response) => {
      response.on("error", () => {});
      this.#answer(request, response).catch(() => response.destroy());
    });
    const server = this.#tls === undefined ? http : this.#over(this.#tls, http);
    server.on("connection", (socket: Socket) => this.#keep(socket));
    server.listen(this.port, "127.0.0.1");
    this.#server = server;
    await once(server, "listening");
  }

  /** In front of `http`; everybody shows a certificate. */
  #over({ authority, server }: Certificates, http: Server): TcpServer {
    const { cert, key } = server;
    const options = {
      cert,
      key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const secured = createTlsServer(options, (socket) => {
      this.#keep(socket);
      const { subject } = socket.getPeerCertificate();
      this.shown.push(String(subject.CN));
      http.emit("connection", socket);
    });
    return secured.on("tlsClientError", () => {});
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, "close");
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { method = "", url = "/" } = request;
    this.requests.push(`${method} ${url}`);
    const body = await textOf(request);
    if (this.#isSilent) return;
    const asked = new URL(url, "http://consul");
    if (this.#text !== undefined) {
      send(response, 200, this.#text);
    } else if ((request.headers["x-consul-token"] ?? "") !== this.#token) {
      send(response, 403, "Permission denied");
    } else if (method === "GET") {
      await this.#answerQuery(asked, response);
    } else {
      const [status, text] = this.#take(asked, body);
      send(response, status, text);
    }
  }

  async #answerQuery(asked: URL, response: ServerResponse): Promise<void> {
    const [, service] = /^\/v1\/health\/service\/([^/]+)$/
      .exec(asked.pathname) ?? [];
    if (service === undefined) return send(response, 404, "no such page");
    const params = asked.searchParams;
    if (params.get("dc") === "nowhere") {
      return send(response, 500, "No path to datacenter");
    }
    await this.#holdBack(params, response);
    if (this.#isSilent) return;
    if (!this.#hidesIndex) {
      response.setHeader("X-Consul-Index", String(this.#index));
    }
    const rows = this.#rowsOf(
      decodeURIComponent(service),
      params.get("tag"),
      params.get("passing") !== null,
    );
    send(response, 200, JSON.stringify(rows));
  }

  /** Until the index is greater than the one that is known, or the time is up. */
  async #holdBack(
    params: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    const known = Number(params.get("index") ?? 0);
    if (known < 1 || this.#index > known || this.#isHasty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { wake: resolve };
    this.#waiting.add(waiting);
    const timer = this.#clock.after(durationMs(params.get("wait")!), resolve);
    response.on("close", resolve);
    await promise;
    timer.cancel();
    this.#waiting.delete(waiting);
  }

  #rowsOf(service: string, tag: string | null, passing: boolean): unknown[] {
    const rows = [...this.#instances.values()]
      .filter(({ isPassing }) => isPassing || !passing)
      .map(({ instance }) => instance)
      .filter(({ Name }) => Name === service)
      .filter(({ Tags = [] }) => tag === null || Tags.includes(tag))
      .map((Service) => ({
        Node: { Node: "machine", Address: "127.0.0.9" },
        Service: { Service: Service.Name, Address: "", Port: 0, ...Service },
        Checks: [],
      }));
    return [...rows, ...this.#rows];
  }

  #take(asked: URL, body: string): [status: number, text: string] {
    const [, action = "", id = ""] =
      /^\/v1\/agent\/([a-z]+\/[a-z]+)(?:\/([^/]+))?$/
        .exec(asked.pathname) ?? [];
    switch (action) {
      case "service/register":
        return this.#register(JSON.parse(body));
      case "check/pass":
        return this.#pass(decodeURIComponent(id));
      case "service/deregister":
        return this.#deregister(decodeURIComponent(id));
      default:
        return [404, "no such page"];
    }
  }

  #register(instance: Instance): [number, string] {
    for (const [key, value] of Object.entries(instance.Meta ?? {})) {
      if (!/^[\w-]{1,128}$/.test(key) || value.length > META_MAX) {
        return [400, "Invalid Service Meta"];
      }
    }
    this.#instances.get(instance.ID)?.timer?.cancel();
    const registered: Registered = {
      instance,
      isPassing: instance.Check === undefined ||
        instance.Check.Status === "passing",
      timer: undefined,
    };
    this.#instances.set(instance.ID, registered);
    this.#expectNews(registered);
    this.#change();
    return [200, ""];
  }

  #pass(check: string): [number, string] {
    const id = check.replace(/^service:/, "");
    const registered = this.#instances.get(id);
    if (registered === undefined) return [404, `Unknown check ID "${check}"`];
    const wasPassing = registered.isPassing;
    registered.isPassing = true;
    this.#expectNews(registered);
    if (!wasPassing) this.#change();
    return [200, ""];
  }

  #deregister(id: string): [number, string] {
    const registered = this.#instances.get(id);
    if (registered === undefined) return [404, "Unknown service ID"];
    registered.timer?.cancel();
    this.#instances.delete(id);
    this.#change();
    return [200, ""];
  }

  #expectNews(registered: Registered): void {
    const { Check, ID } = registered.instance;
    if (Check === undefined) return;
    registered.timer?.cancel();
    registered.timer = this.#clock.after(durationMs(Check.TTL), () => {
      registered.isPassing = false;
      this.#change();
      const after = Check.DeregisterCriticalServiceAfter;
      if (after === undefined) return;
      const ms = Math.max(FORGET_MIN_MS, durationMs(after));
      registered.timer = this.#clock.after(ms, () => this.#deregister(ID));
    });
  }

  #change(): void {
    this.#index++;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const { wake } of this.#waiting) wake();
  }
}

/** Starts one that ends with the test. */
export async function startFakeConsul(
  t: Cleanup,
  clock: Clock = platform.clock,
): Promise<FakeConsul> {
  const consul = new FakeConsul(await freePort(), clock);
  t.after(() => consul.cut());
  await consul.open();
  return consul;
}

/** Starts one that is asked over TLS alone, by those with a certificate of the authority. */
export async function startSecureConsul(
  t: Cleanup,
  certificates: Certificates,
): Promise<FakeConsul> {
  const { clock } = platform;
  const consul = new FakeConsul(await freePort(), clock, certificates);
  t.after(() => consul.cut());
  await consul.open();
  return consul;
}

/** As Go writes it, as far as it is used here. */
function durationMs(text: string): number {
  const [, number, unit] = /^(\d+)(ms|s|m)$/.exec(text)!;
  return Number(number) * { ms: 1, s: 1000, m: 60_000 }[unit!]!;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const part of request) text += part;
  return text;
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(text);
}
