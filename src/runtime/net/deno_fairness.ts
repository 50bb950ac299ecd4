/**
 * Keeps one busy connection from shutting out the others on Deno. A read whose
 * bytes are there already completes at once, and Deno looks for news of other
 * sockets only when it has nothing left to do: whoever sends faster than it is
 * read could keep everybody else waiting for a second and more. So after some
 * bytes each reader waits for something that only the system can tell, which
 * is a byte sent to ourselves. That costs a few microseconds; timers would cost
 * milliseconds, and Deno does not look at sockets for an immediate.
 */
import { assert } from "../../core/assert.ts";
import type { DenoConnection, DenoSockets } from "./deno_sockets.ts";

/** About a millisecond of small messages. */
const BYTES_A_TURN = 524_288;

export class Fairness {
  readonly #sockets: DenoSockets;
  #pair: Promise<DenoConnection[]> | undefined;
  #bytes = 0;
  #turn: Promise<void> | undefined;

  constructor(sockets: DenoSockets) {
    this.#sockets = sockets;
  }

  /** So much was read. Undefined: go on; else not before the promise is kept. */
  spend(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes >= BYTES_A_TURN) this.#turn ??= this.#takeTurn();
    return this.#turn;
  }

  /** Nobody reads any more, for now. */
  async rest(): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    try {
      for (const connection of await pair ?? []) connection.close();
    } catch {
      // There never was one.
    }
  }

  async #takeTurn(): Promise<void> {
    try {
      this.#pair ??= connectedPair(this.#sockets);
      const [near, far] = await this.#pair;
      const heard = far!.read(new Uint8Array(1));
      await near!.write(new Uint8Array(1));
      await heard;
    } catch {
      // Without the pair, as where it may not be opened, reading goes on as is.
    }
    this.#bytes = 0;
    this.#turn = undefined;
  }
}

async function connectedPair(sockets: DenoSockets): Promise<DenoConnection[]> {
  const listener = sockets.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = listener.addr;
    const [near, far] = await Promise.all([
      sockets.connect({ hostname: "127.0.0.1", port }),
      listener.accept(),
    ]);
    // Another program of this machine may have been quicker to connect.
    assert(near.localAddr.port === far.remoteAddr.port, "a pair of our own");
    return [near, far];
  } finally {
    listener.close();
  }
}
