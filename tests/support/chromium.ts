/**
 * A real Chromium without a window, driven by its own protocol (DevTools) over
 * a WebSocket: pages are opened, and expressions are evaluated in them. Tests
 * that need it are skipped, with `chromiumMissing` as the reason, where there is
 * none.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { spawnCommand } from "./process.ts";
import type { Cleanup } from "./temp.ts";
import { until } from "./until.ts";

const COMMAND: string = process.env["MIDGE_CHROMIUM"] ?? "chromium";

/** Why it cannot be used; false when it can. For the `skip` option of tests. */
export const chromiumMissing: string | false =
  spawnSync(COMMAND, ["--version"]).status === 0
    ? false
    : `"${COMMAND}" does not run; set MIDGE_CHROMIUM`;

/** A browser that runs. */
export class Chromium {
  readonly #devTools: DevTools;

  /** Starts one, which ends with the test. */
  static async start(
    t: Cleanup,
    flags: readonly string[] = [],
  ): Promise<Chromium> {
    const folder = mkdtempSync(join(tmpdir(), "midge-chromium-"));
    const started = spawnCommand([
      COMMAND,
      "--headless=new",
      "--remote-debugging-port=0",
      `--user-data-dir=${folder}`,
      // It refuses to run as root otherwise; it shows nothing but our own pages.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-extensions",
      ...flags,
      "about:blank",
    ]);
    let devTools: DevTools | undefined = undefined;
    t.after(async () => {
      if (devTools === undefined) started.kill();
      else devTools.call("Browser.close").catch(() => {});
      await started.exited;
      await until("the folder of Chromium", () => isRemoved(folder));
    });
    const [, url] = await started.waitFor(/DevTools listening on (ws:\S+)/);
    devTools = await DevTools.connect(url!);
    return new Chromium(devTools);
  }

  private constructor(devTools: DevTools) {
    this.#devTools = devTools;
  }

  /** Opens a page in a window of its own, and waits until it is loaded. */
  async open(url: string): Promise<ChromiumPage> {
    const { browserContextId } = await this.#devTools.call(
      "Target.createBrowserContext",
    );
    const { targetId } = await this.#devTools.call("Target.createTarget", {
      url: "about:blank",
      browserContextId,
    });
    const { sessionId } = await this.#devTools.call("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const page = new ChromiumPage(this.#devTools, String(sessionId));
    await page.load(url);
    return page;
  }
}

/** One page. */
export class ChromiumPage {
  readonly #devTools: DevTools;
  readonly #session: string;

  constructor(devTools: DevTools, session: string) {
    this.#devTools = devTools;
    this.#session = session;
  }

  /** Leaves what it shows for `url`. */
  async load(url: string): Promise<void> {
    await this.#devTools.call("Page.enable", {}, this.#session);
    const loaded = this.#devTools.event("Page.loadEventFired", this.#session);
    const { errorText } = await this.#devTools.call(
      "Page.navigate",
      { url },
      this.#session,
    );
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** The value of an expression, which may be a promise; rejects with what it throws. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#devTools.call(
      "Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true },
      this.#session,
    ) as unknown as Evaluated;
    if (exceptionDetails === undefined) return result.value;
    const { text, exception } = exceptionDetails;
    throw new Error(exception?.description ?? text);
  }
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
}

type Fields = Readonly<Record<string, unknown>>;

interface Waiting {
  resolve(result: Fields): void;
  reject(error: Error): void;
}

/** The connection to the browser: calls with an answer each, and events. */
class DevTools {
  readonly #web: WebSocket;
  readonly #calls = new Map<number, Waiting>();
  readonly #events = new Map<string, Waiting>();
  #count = 0;

  static connect(url: string): Promise<DevTools> {
    const web = new WebSocket(url);
    return new Promise((resolve, reject) => {
      web.onopen = () => resolve(new DevTools(web));
      web.onerror = () => reject(new Error(`${url} does not open`));
    });
  }

  private constructor(web: WebSocket) {
    this.#web = web;
    web.onmessage = ({ data }) => this.#onMessage(JSON.parse(String(data)));
    web.onclose = () => this.#end(new Error("Chromium has ended"));
  }

  call(
    method: string,
    params: Fields = {},
    sessionId?: string,
  ): Promise<Fields> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#web.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /** The next event of this name. */
  event(method: string, sessionId: string): Promise<Fields> {
    return new Promise((resolve, reject) => {
      this.#events.set(`${method} ${sessionId}`, { resolve, reject });
    });
  }

  #onMessage(message: Fields): void {
    const { id, method, sessionId, result, params, error } = message;
    const key = `${method} ${sessionId}`;
    const waiting = typeof id === "number"
      ? this.#calls.get(id)
      : this.#events.get(key);
    this.#calls.delete(Number(id));
    this.#events.delete(key);
    if (error !== undefined) waiting?.reject(new Error(JSON.stringify(error)));
    else waiting?.resolve((result ?? params ?? {}) as Fields);
  }

  #end(error: Error): void {
    for (const waiting of [...this.#calls.values(), ...this.#events.values()]) {
      waiting.reject(error);
    }
  }
}

/** Processes of it that outlive the first one write for a moment still. */
function isRemoved(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
