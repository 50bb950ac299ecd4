/**
 * What a program on Deno does with few permissions: see
 * `deno_permissions_test.ts`. The first word says what, the others with what.
 */
import process from "node:process";
import {
  connect,
  type NatsConnection,
  type ServerConfig,
  startServer,
} from "midge";
import { compareBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";
import { DenoNews } from "../../src/runtime/net/deno_news.ts";
import { denoSockets } from "../../src/runtime/net/deno_sockets.ts";
import { dns } from "../../src/runtime/net/dns.ts";
import { fetchAnswer } from "../../src/runtime/net/fetch.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { files } from "../../src/runtime/process/files.ts";
import { runShell } from "../../src/runtime/process/shell.ts";

const signal = new AbortController().signal;

async function serve(config: ServerConfig): Promise<string> {
  const server = await startServer(config, ({ level, text }) => {
    if (level === "warn") console.log(text);
  });
  let outside: NatsConnection | undefined;
  try {
    const inside = await server.connect();
    inside.subscribe("ask", {
      callback: (_error, message) => void message.respond("yes"),
    });
    await inside.flush();
    outside = config.dont_listen
      ? inside
      : await connect({ servers: server.url });
    server.varz();
    return (await outside.request("ask")).string();
  } finally {
    await outside?.close();
    await server.stop();
  }
}

const DEEDS: Readonly<
  Record<string, (word: string) => Promise<unknown> | unknown>
> = {
  serve: (config) => serve(JSON.parse(config)),
  dial: async (servers) => {
    await (await connect({ servers, reconnect: false })).close();
    return "connected";
  },
  listen: async (port) => {
    const at = { host: "127.0.0.1", port: Number(port) };
    await (await nodeNetwork.listen(at, {}, () => {})).close();
    return "listened";
  },
  look: async (name) =>
    await dns.addresses(name, { resolver: undefined, signal }),
  fetch: async (url) => (await fetchAnswer(url, { signal })).status,
  read: (path) => files.readText(path),
  replace: (path) => files.replaceText(path, "x", 0o600),
  remove: async (path) => {
    await files.remove(path);
    return "removed";
  },
  watch: (path) => {
    files.watch(path, () => {})();
    return "not watched";
  },
  run: async (line) => {
    const options = { input: new Uint8Array(), environment: {} };
    const end = await runShell({ line, ...options, outputBytesMax: 100 });
    return new TextDecoder().decode(end.output);
  },
  compare: (hash) => compareBcrypt("s3cret", hash),
  // Where no news may be had by sockets, a turn with timers passes at least.
  news: async () => {
    let hasTurned = false;
    setTimeout(() => hasTurned = true, 0);
    await new DenoNews(denoSockets).next();
    return hasTurned;
  },
};

const [, , deed = "", word = ""] = process.argv;
try {
  console.log(await DEEDS[deed]!(word));
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
