/**
 * A gate in front of a server that lets through what clients say only as far as
 * it is told to; what the server says passes. With it a test can stop a
 * handshake at any byte.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Cleanup } from "./temp.ts";
import { until } from "./until.ts";

/** The gate of one connection. */
export class HeldGate {
  readonly port: number;
  #held: Uint8Array[] = [];
  #budget = 0;
  #behind: Socket | undefined;

  constructor(port: number) {
    this.port = port;
  }

  /** Waits until the client has said more than what has passed, and lets `count` bytes of it pass. */
  async pass(count: number): Promise<void> {
    await until("the client says something", () => this.#held.length > 0);
    this.#budget = count;
    this.#flush();
  }

  /** Lets one whole record of TLS pass, such as a client's hello. */
  async passRecord(): Promise<void> {
    const length = (): number => {
      const [first] = this.#held;
      return first === undefined ? Infinity : 5 + first[3]! * 256 + first[4]!;
    };
    await until(
      "a record is there",
      () => this.#held.reduce((sum, { length }) => sum + length, 0) >= length(),
    );
    this.#budget = length();
    this.#flush();
  }

  /** From now on everything passes. */
  open(): void {
    this.#budget = Infinity;
    this.#flush();
  }

  take(client: Socket, behind: Socket): void {
    this.#behind = behind;
    behind.pipe(client);
    client.on("data", (chunk: Uint8Array) => {
      this.#held.push(chunk);
      this.#flush();
    });
    for (const [one, other] of [[client, behind], [behind, client]] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  }

  #flush(): void {
    while (this.#budget > 0 && this.#held.length > 0) {
      const [chunk] = this.#held.splice(0, 1);
      const passing = chunk!.subarray(0, this.#budget);
      const rest = chunk!.subarray(passing.length);
      if (rest.length > 0) this.#held.unshift(rest);
      this.#budget -= passing.length;
      this.#behind?.write(passing);
    }
  }
}

/** A gate for one client of the server on `behindPort`; it ends with the test. */
export async function startHeldGate(
  t: Cleanup,
  behindPort: number,
): Promise<HeldGate> {
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const behind = connect(behindPort, "127.0.0.1");
    sockets.push(client, behind);
    gate.take(client, behind);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const gate = new HeldGate((server.address() as AddressInfo).port);
  return gate;
}
