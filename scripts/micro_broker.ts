/**
 * The whole way of a message through a broker, from a chunk that came in to the
 * bytes that go out, with sockets that do nothing: for `bench_micro.ts`.
 */
import type { LoadModule, MicroCase } from "./micro_case.ts";
import type { Socket, SocketEvents } from "../src/platform/socket.ts";

type StillModule = typeof import("../tests/broker/still_sockets.ts");
type StillBroker = InstanceType<StillModule["StillBroker"]>;

const ENCODER = new TextEncoder();
const HELLO = 'CONNECT {"verbose":false,"pedantic":false}\r\n';

/** A client's connection that takes everything and keeps nothing. */
class DeafSocket implements Socket {
  readonly remote = { host: "127.0.0.1", port: 1 };
  readonly local = { host: "127.0.0.1", port: 2 };
  readonly tls = undefined;
  readonly pendingBytes = 0;
  #events: SocketEvents | undefined;

  open(events: SocketEvents): void {
    this.#events = events;
  }

  says(chunk: Uint8Array): void {
    this.#events!.onData(chunk);
  }

  write(): boolean {
    return true;
  }

  secure(): Promise<void> {
    return Promise.reject(new Error("There is no TLS here"));
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

function client(still: StillBroker, more: string): DeafSocket {
  const socket = new DeafSocket();
  still.broker.join(socket);
  socket.says(ENCODER.encode(HELLO + more));
  still.settle();
  return socket;
}

/** One publisher sends `lines` to a broker with these subscribers. */
function passing(
  name: string,
  subscribers: readonly string[],
  line: (n: number) => string,
  count: number,
): MicroCase {
  const chunk = ENCODER.encode(
    Array.from({ length: count }, (_, n) => line(n)).join(""),
  );
  return {
    name: `broker: ${name}`,
    operations: count,
    async make(load: LoadModule) {
      const { StillBroker } = await load<StillModule>(
        "tests/broker/still_sockets.ts",
      );
      const still = new StillBroker();
      for (const lines of subscribers) client(still, lines);
      const publisher = client(still, "");
      const run = (): void => {
        publisher.says(chunk);
        still.settle();
      };
      return { run };
    },
  };
}

export function brokerPieces(): MicroCase[] {
  const sixteen = (): string => "PUB a 16\r\n0123456789abcdef\r\n";
  const long = `PUB a 1024\r\n${"x".repeat(1024)}\r\n`;
  const eight = Array.from({ length: 8 }, () => "SUB a 1\r\n");
  const fifty = (sid: (n: number) => number): string[] =>
    Array.from({ length: 50 }, (_, n) => `SUB a ${sid(n)}\r\n`);
  const five = Array.from({ length: 5 }, () => "SUB a q 1\r\n");
  const hundred = (): string => `PUB a 100\r\n${"x".repeat(100)}\r\n`;
  const longer = (): string => `PUB a 128\r\n${"x".repeat(128)}\r\n`;
  return [
    passing("16 B that nobody hears", [], sixteen, 2000),
    passing("16 B, 1:1", ["SUB a 1\r\n"], sixteen, 2000),
    passing("1 KiB, 1:1", ["SUB a 1\r\n"], () => long, 60),
    passing("16 B, 1:8", eight, sixteen, 1000),
    passing("128 B, 1:50", fifty(() => 1), longer, 400),
    passing("128 B, 1:50, other sids", fifty((n) => n + 100), longer, 400),
    passing(
      "128 B, two crowds by turns, half in both",
      [
        ...Array.from({ length: 10 }, () => "SUB a 1\r\n"),
        ...Array.from({ length: 10 }, () => "SUB b 1\r\n"),
        ...Array.from({ length: 10 }, () => "SUB a 1\r\nSUB b 2\r\n"),
      ],
      (n) => `PUB ${n % 2 === 0 ? "a" : "b"} 128\r\n${"x".repeat(128)}\r\n`,
      400,
    ),
    passing("100 B, a queue group of 5", five, hundred, 1000),
    passing(
      "requests of one client",
      ["SUB service 1\r\n"],
      (n) => `PUB service inbox.${n} 4\r\nabcd\r\n`,
      1000,
    ),
    passing(
      "5,000 subjects, a wildcard",
      ["SUB orders.* 1\r\n"],
      (n) => `PUB orders.${(n * 37) % 5000} 4\r\nabcd\r\n`,
      1000,
    ),
    passing(
      "4 subscribers, 5,000 subjects, a wildcard",
      Array.from({ length: 4 }, () => "SUB orders.* 1\r\n"),
      (n) => `PUB orders.${(n * 37) % 5000} 4\r\nabcd\r\n`,
      1000,
    ),
  ];
}
