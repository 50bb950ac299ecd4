/** Stands for Deno's sockets where a test is about what is made of them. */
import type {
  DenoConnection,
  DenoSockets,
  DenoTcpListener,
} from "../../src/runtime/net/deno_sockets.ts";

/** A pair of sockets on which a byte arrives when the test says so. */
export class FakeDenoSockets implements DenoSockets {
  connections = 0;
  closed = 0;
  /** Bytes that were sent and did not arrive. */
  underWay = 0;
  readonly #arrivals: (() => void)[] = [];
  readonly #fails: boolean;

  constructor(fails: boolean = false) {
    this.#fails = fails;
  }

  listen(): DenoTcpListener {
    if (this.#fails) throw new Error("not allowed");
    return {
      addr: { hostname: "127.0.0.1", port: 1 },
      accept: () => this.connect(),
      close: () => {},
    };
  }

  connect(): Promise<DenoConnection> {
    this.connections++;
    const addr = { hostname: "127.0.0.1", port: 1 };
    return Promise.resolve({
      remoteAddr: addr,
      localAddr: addr,
      read: () =>
        new Promise<number>((resolve) => this.#arrivals.push(() => resolve(1))),
      write: (bytes: Uint8Array) => {
        this.underWay += bytes.length;
        return Promise.resolve(bytes.length);
      },
      closeWrite: () => Promise.resolve(),
      setNoDelay: () => {},
      close: () => void this.closed++,
    });
  }

  arrive(): void {
    this.underWay = 0;
    for (const arrive of this.#arrivals.splice(0)) arrive();
  }
}
