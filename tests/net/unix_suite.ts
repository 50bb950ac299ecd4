/** Unix sockets of a network of the machine: streams, and the file of a listener. */
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { unixAddress } from "../../src/net/address.ts";
import {
  type Listener,
  type Network,
  NetworkError,
  type Socket,
} from "../../src/platform/socket.ts";
import { spawnCommand } from "../support/process.ts";
import { executableOf } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { describeStreams } from "./suite.ts";

export function describeUnixSockets(name: string, network: Network): void {
  describeStreams(`${name}, unix socket`, (t) => inFolder(network, t));

  function check(title: string, run: (t: Cleanup) => Promise<void>): void {
    test(`${name}, unix socket: ${title}`, run);
  }

  /** Listens at `path`; each that comes is greeted with `greeting` and let go. */
  async function greet(
    t: Cleanup,
    path: string,
    greeting: string = "hello",
    fileMode?: number,
  ): Promise<Listener> {
    const options = fileMode === undefined ? {} : { fileMode };
    const listener = await network.listen(
      unixAddress(path),
      options,
      (socket) => {
        socket.open({ onData() {}, onDrain() {}, onClose() {} });
        socket.write(new TextEncoder().encode(greeting));
        socket.end();
      },
    );
    t.after(() => listener.close());
    return listener;
  }

  const greetingAt = async (path: string): Promise<string> =>
    await allOf(await network.dial(unixAddress(path)));

  const refused = (path: string, code: string, text: string): Promise<void> =>
    assert.rejects(network.listen(unixAddress(path), {}, () => {}), {
      name: "NetworkError",
      code,
      message: `listen unix ${path}: bind: ${text}`,
    });

  check("both ends have the path, and nobody has a port", async (t) => {
    const at = unixAddress(join(temporaryFolder(t), "a.sock"));
    const accepted = Promise.withResolvers<Socket>();
    const listener = await network.listen(at, {}, accepted.resolve);
    t.after(() => listener.close());
    const near = await network.dial(at);
    const far = await accepted.promise;
    for (const socket of [near, far]) t.after(() => socket.destroy());
    const all = [near.remote, near.local, far.remote, far.local];
    for (const address of [...all, listener.address]) {
      assert.deepEqual(address, { host: "", port: 0, path: at.path });
    }
  });

  check(
    "sockets that are to go over to TLS can, or there are none",
    async (t) => {
      const at = unixAddress(join(temporaryFolder(t), "a.sock"));
      const options = { mayUpgrade: true };
      const outcome = await network.listen(
        at,
        options,
        (socket) => socket.end(),
      )
        .catch((error: unknown) => error);
      if (outcome instanceof NetworkError) {
        assert.equal(outcome.code, "ETLSUNSUPPORTED");
        return assert.ok(!existsSync(at.path!));
      }
      await (outcome as Listener).close();
    },
  );

  check(
    "the file is its owner's alone, or has the mode that is asked for",
    async (t) => {
      const folder = temporaryFolder(t);
      const modes: [name: string, asked: number | undefined, mode: number][] = [
        ["a", undefined, 0o600],
        ["b", 0o660, 0o660],
        ["c", 0o777, 0o777],
        ["d", 0o600, 0o600],
      ];
      for (const [name, asked, mode] of modes) {
        const path = join(folder, name);
        await greet(t, path, "hello", asked);
        assert.equal(lstatSync(path).mode & 0o7777, mode, name);
        assert.equal(await greetingAt(path), "hello");
      }
    },
  );

  check("the file goes with its listener", async (t) => {
    const path = join(temporaryFolder(t), "a.sock");
    for (let round = 1; round <= 2; round++) {
      const listener = await greet(t, path);
      assert.ok(lstatSync(path).isSocket());
      await listener.close();
      assert.ok(!existsSync(path));
      await assert.rejects(network.dial(unixAddress(path)), {
        name: "NetworkError",
        code: "ENOENT",
        message: `dial unix ${path}: connect: no such file or directory`,
      });
    }
  });

  check("a server that is alive keeps its file", async (t) => {
    const path = join(temporaryFolder(t), "a.sock");
    await greet(t, path, "first");
    const { ino } = lstatSync(path);
    await refused(path, "EADDRINUSE", "address already in use");
    assert.equal(lstatSync(path).ino, ino);
    assert.equal(await greetingAt(path), "first");
  });

  check("the file of a server that was killed is taken over", async (t) => {
    const path = join(temporaryFolder(t), "a.sock");
    await killedServer(path);
    assert.ok(lstatSync(path).isSocket());
    await assert.rejects(network.dial(unixAddress(path)), {
      code: "ECONNREFUSED",
      message: `dial unix ${path}: connect: connection refused`,
    });
    const listener = await greet(t, path, "second");
    assert.equal(await greetingAt(path), "second");
    await listener.close();
    assert.ok(!existsSync(path));
  });

  check("of servers that take it over at once one has it", async (t) => {
    const path = join(temporaryFolder(t), "a.sock");
    await killedServer(path);
    const names = ["a", "b", "c", "d", "e"];
    const outcomes = await Promise.allSettled(
      names.map((greeting) => greet(t, path, greeting)),
    );
    const winners = names.filter((_, at) =>
      outcomes[at]!.status === "fulfilled"
    );
    assert.equal(winners.length, 1);
    assert.equal(await greetingAt(path), winners[0]);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      assert.equal(outcome.reason.code, "EADDRINUSE");
    }
  });

  check("what is no socket stays as it is", async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, "a.txt");
    writeFileSync(file, "precious");
    const link = join(folder, "link");
    symlinkSync(file, link);
    mkdirSync(join(folder, "folder"));
    for (const path of [file, link, join(folder, "folder")]) {
      await refused(path, "ENOTSOCK", "a file that is no socket stands there");
    }
    assert.equal(readFileSync(file, "utf8"), "precious");
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.ok(lstatSync(join(folder, "folder")).isDirectory());
  });

  check(
    "what others have put in its place outlives the listener",
    async (t) => {
      const path = join(temporaryFolder(t), "a.sock");
      const mine = await greet(t, path, "mine");
      renameSync(path, `${path}.old`);
      await greet(t, path, "theirs");
      const { ino } = lstatSync(path);
      await mine.close();
      assert.equal(lstatSync(path).ino, ino);
      assert.equal(await greetingAt(path), "theirs");
    },
  );

  check("107 bytes are the most that a path may have", async (t) => {
    const folder = temporaryFolder(t);
    const room = 107 - folder.length - 1;
    const fits = join(folder, "x".repeat(room));
    await greet(t, fits);
    assert.equal(await greetingAt(fits), "hello");
    // The bytes count, not the letters.
    const long = join(folder, `ü${"x".repeat(room - 1)}`);
    const text = "the path is too long for a unix socket";
    await refused(long, "ENAMETOOLONG", text);
    await assert.rejects(network.dial(unixAddress(long)), {
      name: "NetworkError",
      code: "ENAMETOOLONG",
      message: `dial unix ${long}: connect: ${text}`,
    });
  });

  check("a folder that is not there is not made", async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "none", "a.sock");
    await refused(path, "ENOENT", "no such file or directory");
    assert.ok(!existsSync(join(folder, "none")));
    const file = join(folder, "file");
    writeFileSync(file, "");
    await refused(join(file, "a.sock"), "ENOTDIR", "not a directory");
  });
}

/** The same network, on which any free port is a new file in a folder. */
function inFolder(network: Network, t: Cleanup): Network {
  const folder = temporaryFolder(t);
  let count = 0;
  return {
    lookup: (host) => network.lookup(host),
    dial: (to, options) => network.dial(to, options),
    listen(at, options, onSocket) {
      const path = at.path ?? join(folder, `${++count}.sock`);
      return network.listen(unixAddress(path), options, onSocket);
    },
  };
}

/** All that a socket says until its end. */
function allOf(socket: Socket): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    socket.open({
      onData: (chunk) => void (text += new TextDecoder().decode(chunk)),
      onDrain() {},
      onClose: () => resolve(text),
    });
  });
}

const LISTENER = `
const server = require("node:net").createServer();
server.listen({ path: process.argv[1] }, () => {
  require("node:fs").writeSync(1, "ready\\n");
});`;

/** Resolves when a server that listened at `path` was killed. */
async function killedServer(path: string): Promise<void> {
  const node = executableOf("node");
  assert.ok(node !== undefined);
  const server = spawnCommand([node, "-e", LISTENER, path]);
  await server.waitFor(/ready\n/);
  await server.stop();
}
