/**
 * A real etcd beside the tests: on free ports of 127.0.0.1, with its data in a
 * temporary folder. It may be stopped, started again on the same port, and
 * emptied. Tests that need it are skipped, with `etcdMissing` as the reason,
 * where there is none.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { FetchTls } from "../../src/platform/fetch.ts";
import { fetchAnswer } from "../../src/runtime/net/fetch.ts";
import type { Certificates } from "./certificates.ts";
import { freePort } from "./free_port.ts";
import { spawnCommand, type TestProcess } from "./process.ts";
import { type Cleanup, temporaryFolder } from "./temp.ts";

const COMMAND: string = process.env["MIDGE_ETCD"] ?? "etcd";

/** Why etcd cannot be used; false when it can. For the `skip` option of tests. */
export const etcdMissing: string | false =
  spawnSync(COMMAND, ["--version"]).status === 0
    ? false
    : `"${COMMAND}" does not run; set MIDGE_ETCD`;

/** Some words of a request or an answer of the JSON gateway. */
type Fields = Readonly<Record<string, unknown>>;

export class Etcd {
  readonly port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #tls: FetchTls | undefined;
  #process: TestProcess | undefined;
  #token: string | undefined;

  /** With `tls` it is asked over TLS alone, which `flags` have to turn on. */
  constructor(
    port: number,
    folder: string,
    flags: readonly string[],
    tls?: FetchTls,
  ) {
    this.#tls = tls;
    this.port = port;
    this.#folder = join(folder, "data");
    this.#flags = flags;
  }

  /** Starts it on what it knew before, and waits until it is ready. */
  async start(): Promise<void> {
    const url = this.#url;
    const nowhere = "http://127.0.0.1:1";
    this.#process = spawnCommand([
      COMMAND,
      `--data-dir=${this.#folder}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      "--listen-peer-urls=http://127.0.0.1:0",
      `--initial-advertise-peer-urls=${nowhere}`,
      `--initial-cluster=default=${nowhere}`,
      "--logger=zap",
      // Alone, it need not wait long to elect itself; passwords of tests are no secrets.
      "--heartbeat-interval=10",
      "--election-timeout=100",
      "--bcrypt-cost=4",
      ...this.#flags,
    ]);
    const how = this.#tls === undefined ? "insecurely" : "securely";
    await this.#process.waitFor(`serving client traffic ${how}`);
  }

  /** Ends it by force. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Forgets everything. Only while it is stopped. */
  empty(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  put(key: string, value: string): Promise<Fields> {
    return this.call("kv/put", { key: btoa(key), value: btoa(value) });
  }

  remove(key: string): Promise<Fields> {
    return this.call("kv/deleterange", { key: btoa(key) });
  }

  /** Replaces what stands below a prefix, in one step as far as one step can do. */
  async replace(
    prefix: string,
    values: Readonly<Record<string, string>>,
  ): Promise<void> {
    const stale = Object.keys(await this.read(prefix))
      .filter((key) => values[key] === undefined)
      .map((key) => ({ request_delete_range: { key: btoa(key) } }));
    const puts = Object.entries(values).map(([key, value]) => ({
      request_put: { key: btoa(key), value: btoa(value) },
    }));
    const changes = [...stale, ...puts];
    for (let start = 0; start < changes.length; start += TXN_OPS_MAX) {
      const success = changes.slice(start, start + TXN_OPS_MAX);
      await this.call("kv/txn", { success, compare: [], failure: [] });
    }
  }

  /** All values below a prefix, by key. */
  async read(prefix: string): Promise<Record<string, string>> {
    const range = { key: btoa(prefix), range_end: btoa(`${prefix}~`) };
    const { kvs } = await this.call("kv/range", range);
    const rows = (kvs ?? []) as { key: string; value: string }[];
    return Object.fromEntries(
      rows.map(({ key, value }) => [atob(key), atob(value)]),
    );
  }

  async revision(): Promise<number> {
    const { header } = await this.call("kv/range", { key: btoa("x") });
    return Number((header as Fields)["revision"]);
  }

  /** Turns authentication on, with `root` as its first user. */
  async enableAuth(password: string): Promise<void> {
    await this.call("auth/user/add", { name: "root", password });
    await this.call("auth/role/add", { name: "root" });
    await this.call("auth/user/grant", { user: "root", role: "root" });
    await this.call("auth/enable", {});
    await this.logIn(password);
  }

  /** Calls are made as `root` from now on. */
  async logIn(password: string): Promise<void> {
    const user = { name: "root", password };
    const { token } = await this.call("auth/authenticate", user);
    this.#token = String(token);
  }

  get #url(): string {
    const scheme = this.#tls === undefined ? "http" : "https";
    return `${scheme}://127.0.0.1:${this.port}`;
  }

  /** Calls the JSON gateway, and fails unless it answers with status 200. */
  async call(path: string, body: Fields): Promise<Fields> {
    const answer = await fetchAnswer(`${this.#url}/v3/${path}`, {
      method: "POST",
      headers: this.#token === undefined ? {} : { Authorization: this.#token },
      body: JSON.stringify(body),
      signal: new AbortController().signal,
      tls: this.#tls,
    });
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
    }
    if (answer.status !== 200) throw new Error(`etcd ${path}: ${text}`);
    return JSON.parse(text);
  }
}

/** Starts one that takes clients with a certificate over TLS, and no others. */
export async function startSecureEtcd(
  t: Cleanup,
  { authority, server, client }: Certificates,
): Promise<Etcd> {
  const flags = [
    `--cert-file=${server.certFile}`,
    `--key-file=${server.keyFile}`,
    `--trusted-ca-file=${authority.certFile}`,
    "--client-cert-auth",
  ];
  const etcd = new Etcd(await freePort(), temporaryFolder(t), flags, {
    authorities: [authority.cert],
    certificate: { certificate: client.cert, key: client.key },
  });
  t.after(() => etcd.stop());
  await etcd.start();
  return etcd;
}

/** etcd takes no more changes in one transaction. */
const TXN_OPS_MAX = 128;

/** Starts one that ends with the test. */
export async function startEtcd(
  t: Cleanup,
  flags: readonly string[] = [],
): Promise<Etcd> {
  const etcd = new Etcd(await freePort(), temporaryFolder(t), flags);
  t.after(() => etcd.stop());
  await etcd.start();
  return etcd;
}
