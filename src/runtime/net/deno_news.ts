/**
 * The question whether anything has happened at any socket, on Deno. Deno asks
 * the system only when it has nothing else to do: a read whose bytes are there
 * already completes without it, and in a chain of immediates it comes once in
 * about sixty links. So work that has held the event loop for a while waits for
 * something that only the system can tell, which is a byte sent to ourselves.
 * That costs some twenty microseconds; timers would cost a millisecond.
 */
import { assert } from "../../core/assert.ts";
import { isGranted } from "../process/permissions.ts";
import { setTimeout } from "../process/timers.ts";
import {
  type DenoConnection,
  type DenoSockets,
  denoSockets,
} from "./deno_sockets.ts";

const ONE_BYTE: Uint8Array = new Uint8Array(1);

/** One for the process. It holds a pair of sockets, as long as others are open. */
export class DenoNews {
  readonly #sockets: () => DenoSockets;
  readonly #heardInto: Uint8Array = new Uint8Array(1);
  #pair: Promise<DenoConnection[]> | undefined;
  #asked: Promise<void> | undefined;
  /** Listeners and sockets that are open. Behind the last one, nothing is left open. */
  #openCount = 0;

  constructor(sockets: () => DenoSockets) {
    this.#sockets = sockets;
  }

  /** Whether there is anything that news could be of. */
  get hasSubject(): boolean {
    return this.#openCount > 0;
  }

  /** A listener or a socket has been opened. */
  opened(): void {
    this.#openCount++;
  }

  /** One that was `opened` is closed. */
  closed(): void {
    this.#openCount--;
    if (this.#openCount === 0) void this.#rest();
  }

  /** Resolves when the system has been asked, and what it told is on its way. */
  next(): Promise<void> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  async #ask(): Promise<void> {
    try {
      this.#pair ??= connectedPair(this.#sockets());
      const [near, far] = await this.#pair;
      const heard = far!.read(this.#heardInto);
      await near!.write(ONE_BYTE);
      await heard;
    } catch {
      // Where the pair may not be opened: slower, and it tells the same.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.#asked = undefined;
  }

  async #rest(): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    try {
      for (const connection of await pair ?? []) connection.close();
    } catch {
      // There never was one.
    }
  }
}

/** The news that the machine has of the sockets of this process. */
export const machineNews: DenoNews = new DenoNews(denoSockets);

async function connectedPair(sockets: DenoSockets): Promise<DenoConnection[]> {
  // Nobody is asked for this pair: it is no port that a program opens.
  if (!isGranted({ name: "net", host: "127.0.0.1" })) {
    throw new Error("Deno was not given --allow-net=127.0.0.1");
  }
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
