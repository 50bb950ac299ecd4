/**
 * A program with a server inside, for tests that watch its process: what it
 * does is its first argument. It never ends itself.
 */
import process from "node:process";
import { setTimeout } from "node:timers";
import { connect } from "../../src/faces/client.ts";
import { type ServerConfig, startServer } from "../../src/faces/server.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

/** bcrypt of "s3cret", as cheap as it gets. */
const HASH = process.argv[3] ?? "";

/** Something of everything that a server may have open. */
const EVERYTHING: ServerConfig = {
  ...LOCAL,
  http: "127.0.0.1:0",
  cluster: { host: "127.0.0.1", port: 0, name: "c" },
  registry: { port: 0 },
  debug: true,
  trace: true,
};

const PROGRAMS: Readonly<Record<string, () => Promise<void>>> = {
  /** Everything is opened, used and stopped; a log that fails is in its way. */
  async stop() {
    const server = await startServer(
      { ...EVERYTHING, authorization: { user: "ann", password: HASH } },
      async () => {
        await Promise.resolve();
        throw new Error("The log is full");
      },
    );
    const login = { user: "ann", pass: "s3cret" };
    const outside = await connect({
      servers: server.url,
      reconnect: false,
      ...login,
    });
    const inside = await server.connect(login);
    outside.subscribe("a", {
      callback: (_error, message) => void message.respond("b"),
    });
    await outside.flush();
    await inside.request("a");
    await server.stop();
    await Promise.all([outside.closed(), inside.closed()]);
    console.log("stopped");
  },
  async run() {
    const { url } = await startServer(EVERYTHING);
    console.log("running", url);
  },
  /** Nothing but the server itself keeps the process. */
  async hidden() {
    const server = await startServer({ dont_listen: true });
    const client = await server.connect();
    // It comes only if the process lives on for another reason.
    const timer = setTimeout(async () => {
      await client.flush();
      await server.stop();
      console.log("stopped");
    }, 100);
    timer.unref();
  },
  /** Waits for timers alone: no port is open, and the client is no socket. */
  async lameduck() {
    const server = await startServer({
      ...LOCAL,
      lame_duck_grace_period: "20ms",
    });
    const client = await server.connect();
    await server.lameDuck();
    await client.closed();
    console.log("stopped");
  },
  async fail() {
    const server = await startServer(LOCAL);
    const { port } = server.address!;
    await startServer({ ...EVERYTHING, port }).catch(({ name, code }) =>
      console.log(name, code)
    );
    await startServer({ ...EVERYTHING, ping_max: -1 }).catch(({ name }) =>
      console.log(name)
    );
    await server.stop();
    console.log("stopped");
  },
  /** With as few permissions as Deno knows. */
  async sandbox() {
    await using server = await startServer({ dont_listen: true, debug: true });
    await using client = await server.connect();
    client.publish("a");
    await client.flush();
    console.log(server.varz().in_msgs, server.connz().num_connections);
  },
};

await PROGRAMS[process.argv[2] ?? ""]!();
