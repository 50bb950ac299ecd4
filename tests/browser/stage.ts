/**
 * What the tests in a browser need around it: a page of loopback that has the
 * clients, and servers with a WebSocket port.
 */
import { createHash, createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { esbuildExecutable } from "../../scripts/build/bundle.ts";
import { startServer } from "../../server.ts";
import type { Certificate } from "../support/certificates.ts";
import { freePort } from "../support/free_port.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";

/** A server that a page can talk to. */
export interface WebServer {
  /** Of its WebSocket; the host is a name in its certificate. */
  readonly url: string;
  /** Of clients without a WebSocket. */
  readonly natsPort: number;
  stop(): Promise<void>;
  /** Starts it again where it was. */
  restart(): Promise<void>;
}

export interface WebServerOptions {
  readonly certificate?: Certificate;
  /** More of the `tls` block of the WebSocket. */
  readonly tls?: string;
  /** More of the `websocket` block. */
  readonly web?: string;
  /** More of the file. */
  readonly config?: string;
}

/** Starts one that ends with the test. */
export type StartWebServer = (
  t: Cleanup,
  options?: WebServerOptions,
) => Promise<WebServer>;

interface Running {
  readonly port: number;
  stop(): Promise<void>;
}

/** The servers under test: Midge on the runtime of the tests, and the one that it is like. */
export const SERVERS: readonly {
  readonly title: string;
  readonly missing: string | false;
  readonly start: StartWebServer;
}[] = [
  {
    title: "Midge",
    missing: false,
    start: (t, options) =>
      started(t, options, async (config) => {
        const file = join(temporaryFolder(t), "midge.conf");
        writeFileSync(file, config);
        const server = await startServer({
          include: file,
          host: "127.0.0.1",
          port: 0,
        });
        return { port: server.address!.port, stop: () => server.stop() };
      }),
  },
  {
    title: "nats-server",
    missing: modelMissing,
    start: (t, options) =>
      started(
        t,
        options,
        (config) => startNatsServer({ command: newestNatsServer, config }),
      ),
  },
];

async function started(
  t: Cleanup,
  options: WebServerOptions = {},
  start: (config: string) => Promise<Running>,
): Promise<WebServer> {
  const { certificate, tls: more = "", web = "", config = "" } = options;
  const port = await freePort();
  const tls = certificate === undefined
    ? "no_tls: true"
    : `tls { cert_file: "${certificate.certFile}", key_file: "${certificate.keyFile}", ${more} }`;
  const text = `${config}
    websocket { host: "127.0.0.1", port: ${port}, ${tls}
      ${web}
    }`;
  let running = await start(text);
  t.after(() => running.stop());
  return {
    url: certificate === undefined
      ? `ws://127.0.0.1:${port}`
      : `wss://localhost:${port}`,
    natsPort: running.port,
    stop: () => running.stop(),
    async restart() {
      running = await start(text);
    },
  };
}

const HTML =
  "<!doctype html><title>Midge</title><script src=/page.js></script>";

/** Serves a page whose global `page` has what `page.ts` exports; gives its URL. */
export async function servePage(t: Cleanup): Promise<string> {
  const script = await bundledPage(t);
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    const type = isScript ? "text/javascript" : "text/html";
    response.setHeader("Content-Type", `${type}; charset=utf-8`);
    response.end(isScript ? script : HTML);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/`;
}

async function bundledPage(t: Cleanup): Promise<string> {
  const file = join(temporaryFolder(t), "page.js");
  const bundling = spawnCommand([
    esbuildExecutable(),
    join(PROJECT_FOLDER, "tests/browser/page.ts"),
    "--bundle",
    "--format=iife",
    "--global-name=page",
    `--outfile=${file}`,
  ]);
  const { code } = await bundling.exited;
  if (code !== 0) throw new Error(`esbuild: ${bundling.stderr}`);
  return readFileSync(file, "utf8");
}

/** The flag by which Chromium takes a certificate without an authority that it knows. */
export function trusting({ key }: Certificate): string {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const hash = createHash("sha256").update(spki).digest("base64");
  return `--ignore-certificate-errors-spki-list=${hash}`;
}
