/**
 * A registry for tests: its API alone, called directly on a clock that the test
 * moves, or a complete one on a real port.
 */
import assert from "node:assert/strict";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import { nodeOf } from "../../src/discovery/node_record.ts";
import type { HttpAnswer, HttpReply } from "../../src/platform/http.ts";
import type { Address } from "../../src/platform/socket.ts";
import { RegistryApi } from "../../src/registry/api.ts";
import {
  Registry,
  type RegistryPlatform,
  type RegistrySettings,
} from "../../src/registry/server.ts";
import { NodeStore } from "../../src/registry/store.ts";
import type { WaitingLimits } from "../../src/http/waiting_room.ts";
import { platform } from "../../src/runtime/mod.ts";
import { MemoryLog } from "../support/midge.ts";
import type { TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

export interface List {
  readonly index: number;
  readonly complete: boolean;
  readonly nodes: readonly Partial<NodeRecord>[];
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly remote?: Address;
  readonly signal?: AbortSignal;
}

const REMOTE: Address = { host: "127.0.0.1", port: 40_000 };

/** The JSON of a node with one URL. */
export function nodeJson(
  port: number,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ urls: [`nats://127.0.0.1:${port}`], ...more });
}

export function nodeAt(id: string, port: number): NodeRecord {
  return nodeOf({ id, urls: [`nats://127.0.0.1:${port}`] });
}

export interface TestApiOptions {
  readonly token?: string;
  readonly waiting?: WaitingLimits;
  readonly clock?: VirtualClock;
}

/** The API alone. */
export class TestApi {
  readonly clock: VirtualClock;
  readonly log: MemoryLog = new MemoryLog(false);
  readonly expired: string[] = [];
  readonly store: NodeStore;
  readonly api: RegistryApi;

  constructor(options: TestApiOptions = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.store = new NodeStore(this.clock, {
      onExpired: (id) => this.expired.push(id),
      onChange: () => {},
    });
    this.api = new RegistryApi(this.store, {
      token: options.token,
      clock: this.clock,
      log: this.log,
      ...(options.waiting !== undefined && { waiting: options.waiting }),
    });
  }

  reply(target: string, asked: Asked = {}): Promise<HttpReply> {
    const [path = "", query = ""] = target.split("?");
    const { body = "" } = asked;
    const bytes = typeof body === "string"
      ? new TextEncoder().encode(body)
      : body;
    return this.api.handle({
      method: asked.method ?? "GET",
      path,
      query: new URLSearchParams(query),
      search: query && `?${query}`,
      headers: new Map(Object.entries(asked.headers ?? {})),
      remote: asked.remote ?? REMOTE,
      signal: asked.signal ?? new AbortController().signal,
      readBody: (max) =>
        Promise.resolve(bytes.length > max ? undefined : bytes),
    });
  }

  /** The answer, which is no stream. */
  async ask(target: string, asked: Asked = {}): Promise<HttpAnswer> {
    const reply = await this.reply(target, asked);
    assert.ok("body" in reply, target);
    assert.equal(reply.headers["X-Content-Type-Options"], "nosniff");
    assert.equal(reply.headers["Access-Control-Allow-Origin"], undefined);
    return reply;
  }

  async put(id: string, body: string): Promise<HttpAnswer> {
    return await this.ask(`/v1/nodes/${id}`, { method: "PUT", body });
  }

  async list(query: string = ""): Promise<List> {
    const { status, body } = await this.ask(`/discoveryz${query}`);
    assert.equal(status, 200, body);
    return JSON.parse(body);
  }

  /** What is wrong with a request, as `status at`. */
  async refusal(target: string, asked: Asked = {}): Promise<string> {
    const { status, body } = await this.ask(target, asked);
    const { error } = JSON.parse(body);
    assert.equal(error.status, status);
    assert.match(error.message, /^[A-Z][^\n]*[^.\n]$/);
    return `${status} ${error.at}`;
  }
}

export interface TestRegistry {
  readonly registry: Registry;
  readonly log: MemoryLog;
  /** `http://host:port` */
  readonly url: string;
  /** `host:port` */
  readonly at: string;
}

/** A registry on a free port, or the one that the settings name; it ends with the test. */
export async function startRegistry(
  t: TestContext,
  settings: Partial<RegistrySettings> = {},
  changes: Partial<RegistryPlatform> = {},
): Promise<TestRegistry> {
  const log = new MemoryLog(false);
  const registry = await Registry.start(
    {
      host: "127.0.0.1",
      port: 0,
      token: undefined,
      stateFile: "",
      ...settings,
    },
    { ...platform, log, ...changes },
  );
  t.after(() => registry.stop());
  const at = `127.0.0.1:${registry.address!.port}`;
  return { registry, log, url: `http://${at}`, at };
}

/** Announces a node over HTTP. */
export async function announce(
  url: string,
  id: string,
  body: string,
  token?: string,
): Promise<number> {
  const answer = await fetch(`${url}/v1/nodes/${id}`, {
    method: "PUT",
    body,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  });
  await answer.text();
  return answer.status;
}

export async function listOf(url: string, query: string = ""): Promise<List> {
  const answer = await fetch(`${url}/discoveryz${query}`);
  assert.equal(answer.status, 200);
  return await answer.json();
}

export function idsOf({ nodes }: List): string[] {
  return nodes.map(({ id = "" }) => id);
}
