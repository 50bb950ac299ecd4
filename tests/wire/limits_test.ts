/** What the parser holds, how much of it, and how it is made to stop or wait. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { NO_PAYLOAD, Op, type OpHandler } from "../../src/wire/ops.ts";
import { Parser } from "../../src/wire/parser.ts";
import { describe, it } from "../support/test.ts";
import {
  CLIENT,
  cutAt,
  type Dialect,
  FAST_CLIENT,
  LIBRARY,
  outcomeOf,
  recordingParser,
  ROUTE,
} from "./recorder.ts";

const TOO_LONG = "Maximum Control Line Exceeded: maximum control line exceeded";
const LIMIT = 64;
const LONG = "x".repeat(10_000);

describe("the control line limit", () => {
  /** Arguments of exactly `length` bytes for each kind of line. */
  const LINES: readonly [
    Dialect,
    verb: string,
    args: (length: number) => string,
  ][] = [
    [CLIENT, "SUB ", (length) => `${"s".repeat(length - 2)} 1`],
    [CLIENT, "CONNECT ", (length) => `{"a":"${"x".repeat(length - 8)}"}`],
    [CLIENT, "INFO ", (length) => `{"a":"${"x".repeat(length - 8)}"}`],
    [CLIENT, "-ERR ", (length) => "e".repeat(length)],
    [CLIENT, "PUB \t ", (length) => `${"s".repeat(length - 2)} 0`],
    [FAST_CLIENT, "PUB \t ", (length) => `${"s".repeat(length - 2)} 0`],
    [ROUTE, "RS+ ", (length) => `$G ${"s".repeat(length - 3)}`],
    [ROUTE, "RMSG ", (length) => `$G ${"s".repeat(length - 5)} 0`],
  ];

  it("accepts arguments of exactly the limit, however they are cut", () => {
    for (const [dialect, verb, args] of LINES) {
      for (const lineEnd of ["\r\n", "\n"]) {
        const payload = /^PUB|^RMSG/.test(verb) ? "\r\n" : "";
        const line = asciiBytes(verb + args(LIMIT) + lineEnd + payload);
        everyCut(line, (chunks) => {
          const { events, refusal } = outcomeOf(dialect, chunks, LIMIT);
          assert.deepEqual({ count: events.length, refusal }, {
            count: 1,
            refusal: "",
          });
        });
      }
    }
  });

  it("refuses one byte more, however it is cut", () => {
    for (const [dialect, verb, args] of LINES) {
      const line = asciiBytes(`${verb}${args(LIMIT + 1)}\r\n`);
      everyCut(line, (chunks) => {
        const { events, refusal } = outcomeOf(dialect, chunks, LIMIT);
        assert.deepEqual({ events, refusal }, {
          events: [],
          refusal: TOO_LONG,
        });
      });
    }
  });

  it("refuses a line that is too long before its end arrives", () => {
    for (const [dialect, verb, args] of LINES) {
      const atLimit = asciiBytes(verb + args(LIMIT));
      const overLimit = asciiBytes(verb + args(LIMIT + 1));
      assert.equal(outcomeOf(dialect, [atLimit], LIMIT).refusal, "");
      assert.equal(outcomeOf(dialect, [overLimit], LIMIT).refusal, TOO_LONG);
    }
  });

  it("does not count verb, blanks before the arguments and payload", () => {
    const payload = "p".repeat(10 * LIMIT);
    const input = `PUB   \t  foo ${payload.length}\r\n${payload}\r\n`;
    assert.equal(outcomeOf(CLIENT, [asciiBytes(input)], 9).refusal, "");
  });

  it("counts neither blanks behind the verb nor what is ignored", () => {
    for (const line of [`SUB${" ".repeat(10_000)}foo 1`, `PING${LONG}`]) {
      const input = asciiBytes(`${line}\r\n`);
      for (const chunks of [[input], cutAt(input, [5000]), inBytes(input)]) {
        assert.equal(outcomeOf(CLIENT, chunks, LIMIT).refusal, "");
      }
    }
  });

  it("can change between two lines", () => {
    const { parser, recorder } = recordingParser(CLIENT, 5);
    parser.parse(asciiBytes("SUB foo 1\r\n"));
    parser.maxControlLineBytes = 7;
    parser.parse(asciiBytes("SUB foo.b 1\r\n"));
    assert.deepEqual(recorder.events, ["SUB foo 1", "SUB foo.b 1"]);
    parser.maxControlLineBytes = 4;
    assert.throws(
      () => parser.parse(asciiBytes("SUB foo 1\r\n")),
      /control line/,
    );
  });
});

/** Memory that a parser may keep whatever comes. */
const SMALL_BYTES = 4096;
/** Lines that a payload follows, up to its size. */
const LARGE: readonly [Dialect, string][] = [
  [CLIENT, "PUB foo"],
  [CLIENT, "HPUB foo 12"],
  [FAST_CLIENT, "PUB foo"],
  [LIBRARY, "MSG foo 1"],
  [ROUTE, "RMSG $G foo"],
  [ROUTE, "HMSG $G foo 12"],
];

describe("a partial operation", () => {
  it("is held, and nothing once it is complete", () => {
    const { parser } = recordingParser(CLIENT);
    const input = asciiBytes("PING\r\nPUB foo 10\r\n0123456789\r\n");
    const heldAfter = [];
    for (const byte of input) {
      parser.parse(Uint8Array.of(byte));
      heldAfter.push(parser.heldBytes);
    }
    const sizes = [1, 2, 3, 4, 4, 0];
    for (let held = 1; held < input.length - 6; held++) sizes.push(held);
    assert.deepEqual(heldAfter, [...sizes, 0]);
  });

  it("is held without what means nothing", () => {
    for (
      const [line, held] of [
        [`SUB${" ".repeat(10_000)}`, "SUB "],
        [`CONNECT${"\t".repeat(10_000)}{`, "CONNECT {"],
        [`PONG${LONG}`, "PONG"],
      ] as const
    ) {
      for (const chunk of [1, 100, 20_000]) {
        const { parser } = recordingParser(CLIENT);
        for (let at = 0; at < line.length; at += chunk) {
          parser.parse(asciiBytes(line.slice(at, at + chunk)));
          assert.ok(parser.heldBytes <= held.length);
        }
        assert.equal(parser.heldBytes, held.length);
      }
    }
  });

  it("may have a payload far larger than a chunk", () => {
    const size = 8 * 1024 * 1024;
    const payload = new Uint8Array(size).map((_, at) => at * 31 + (at >> 8));
    const { parser, handler } = payloadParser(size);
    parser.parse(asciiBytes("PING\r\nPUB foo"));
    parser.parse(asciiBytes(` ${size}\r\n`));
    const chunkBytes = 60_000;
    for (let at = 0; at < size; at += chunkBytes) {
      parser.parse(payload.slice(at, at + chunkBytes));
      assert.ok(parser.heldBytes <= size + 32);
    }
    parser.parse(asciiBytes("\r\nPING\r\n"));
    assert.deepEqual(handler.pings, 2);
    assert.deepEqual(handler.payloads, [payload]);
    assert.equal(parser.heldBytes, 0);
    assert.ok(handler.lines < 8, "arguments are not read again for each chunk");
  });

  it("takes no memory for what its line announces", () => {
    for (const [dialect, line] of LARGE) {
      const { parser } = recordingParser(dialect);
      parser.parse(asciiBytes(`${line} 999999999\r\nx`));
      assert.ok(parser.heldCapacity <= 2 * SMALL_BYTES, line);
    }
  });

  it("takes memory as its payload arrives, and no more than it needs", () => {
    for (const [dialect, line] of LARGE) {
      for (const chunkSize of [1, 100, 4096, 65_536]) {
        const size = Math.min(1_048_576, chunkSize * 5000);
        const wire = asciiBytes(`${line} ${size}\r\n${"x".repeat(size)}\r\n`);
        const { parser, recorder } = recordingParser(dialect);
        let fills = 0;
        let capacity = 0;
        for (let at = 0; at < wire.length; at += chunkSize) {
          parser.parse(wire.subarray(at, at + chunkSize));
          const { heldBytes, heldCapacity } = parser;
          assert.ok(heldCapacity <= SMALL_BYTES + 16 * heldBytes);
          assert.ok(heldCapacity <= Math.max(SMALL_BYTES, wire.length));
          if (heldCapacity > capacity) fills++;
          capacity = heldCapacity;
        }
        assert.equal(recorder.events.length, 1);
        assert.ok(parser.heldCapacity <= SMALL_BYTES, "given back after use");
        assert.ok(fills <= 16, `moved ${fills} times`);
      }
    }
  });

  it("takes no byte of the next operation", () => {
    const { parser, recorder } = recordingParser(CLIENT);
    parser.parse(asciiBytes("PUB foo 2\r\nh"));
    parser.parse(asciiBytes("i\r\nPING\r\nPUB bar 2\r\nho\r\nPI"));
    assert.deepEqual(recorder.events, [
      'PUB subject=foo rest="2\\r\\nhi\\r\\n"',
      "PING",
      'PUB subject=bar rest="2\\r\\nho\\r\\n"',
    ]);
    assert.equal(parser.heldBytes, 2);
  });

  it("survives empty chunks", () => {
    const empty = new Uint8Array(0);
    const outcome = outcomeOf(CLIENT, [
      ...[empty, asciiBytes("PI"), empty, asciiBytes("NG\r"), empty],
      ...[asciiBytes("\n"), empty],
    ]);
    assert.deepEqual(outcome, { events: ["PING"], refusal: "", held: 0 });
  });
});

describe("a stopped parser", () => {
  /** Input that is cut at each place; `stop()` comes with the line or the payload of PUB. */
  const INPUT = asciiBytes(
    "PING\r\nPUB foo 2\r\nhi\r\nPING\r\nPUB bar 2\r\nho",
  );

  it("hands nothing over after a line that stopped it", () => {
    everyCut(INPUT, (chunks) => {
      const { parser, handler } = payloadParser(2);
      handler.onPing = () => parser.stop();
      for (const chunk of chunks) parser.parse(chunk);
      assert.deepEqual([handler.pings, handler.lines, parser.heldBytes], [
        1,
        0,
        0,
      ]);
    });
  });

  it("hands no payload over when its line stopped it", () => {
    everyCut(INPUT, (chunks) => {
      const { parser, handler } = payloadParser(2);
      handler.onMessageLine = () => parser.stop();
      for (const chunk of chunks) parser.parse(chunk);
      assert.deepEqual(handler.payloads, []);
      assert.deepEqual([handler.pings, handler.lines, parser.heldBytes], [
        1,
        1,
        0,
      ]);
    });
  });

  it("hands nothing over after a payload that stopped it", () => {
    everyCut(INPUT, (chunks) => {
      const { parser, handler } = payloadParser(2);
      handler.onPayload = () => parser.stop();
      for (const chunk of chunks) parser.parse(chunk);
      assert.deepEqual(handler.payloads, [asciiBytes("hi")]);
      assert.deepEqual([handler.pings, parser.heldBytes], [1, 0]);
    });
  });

  it("refuses nothing any more", () => {
    const { parser, handler } = payloadParser(0);
    parser.stop();
    parser.parse(asciiBytes("JUNK"));
    parser.parse(asciiBytes("PING\r\n"));
    assert.deepEqual([handler.pings, parser.heldBytes], [0, 0]);
  });
});

describe("a suspended parser", () => {
  const INPUT = asciiBytes("PING\r\nPUB foo 2\r\nhi\r\nPING\r\nPING\r\nPI");

  it("returns behind the operation that suspended it, and reads on later", () => {
    everyCut(INPUT, (chunks) => {
      const { parser, handler } = payloadParser(2);
      handler.onPing = () => parser.suspend();
      for (let rest of chunks) {
        while (rest.length > 0) {
          const pingsBefore = handler.pings;
          parser.resume();
          const used = parser.parse(rest);
          const wasSuspended = handler.pings > pingsBefore;
          assert.ok(handler.pings <= pingsBefore + 1);
          assert.ok(wasSuspended || used === rest.length);
          rest = rest.subarray(used);
        }
      }
      assert.equal(handler.pings, 3);
      assert.deepEqual(handler.payloads, [asciiBytes("hi")]);
      assert.equal(parser.heldBytes, 2);
    });
  });

  it("gives the number of bytes that it has used", () => {
    const { parser, handler } = payloadParser(2);
    assert.equal(parser.parse(INPUT), INPUT.length);
    handler.onPing = () => parser.suspend();
    assert.equal(parser.parse(asciiBytes("NG\r\nPING\r\n")), 4);
    assert.equal(parser.parse(asciiBytes("PING\r\n")), 0);
    parser.resume();
    assert.equal(parser.parse(asciiBytes("PING\r\nP")), 6);
  });
});

describe("a handler that throws", () => {
  const failure = new Error("the handler is broken");
  const fail = (): never => {
    throw failure;
  };

  it("is heard by the caller, whichever call it was", () => {
    everyCut(asciiBytes("PUB foo 2\r\nhi\r\n"), (chunks) => {
      for (const moment of ["onMessageLine", "onPayload"] as const) {
        const { parser, handler } = payloadParser(2);
        handler[moment] = fail;
        assert.throws(
          () => chunks.forEach((chunk) => parser.parse(chunk)),
          (error) => error === failure,
        );
      }
    });
  });
});

/** Knows PING, and PUB with a payload of a fixed size; calls what the test gave it. */
class ScriptedHandler implements OpHandler {
  readonly allowedOps = [Op.PING, Op.PUB];
  pings = 0;
  lines = 0;
  readonly payloads: Uint8Array[] = [];
  onPing = (): void => {};
  onMessageLine = (): void => {};
  onPayload = (): void => {};
  readonly #payloadSize: number;

  constructor(payloadSize: number) {
    this.#payloadSize = payloadSize;
  }

  line(op: Op): number {
    if (op === Op.PING) {
      this.pings++;
      this.onPing();
      return NO_PAYLOAD;
    }
    this.lines++;
    this.onMessageLine();
    return this.#payloadSize;
  }

  payload(_op: Op, buffer: Uint8Array, start: number, end: number): void {
    this.payloads.push(buffer.slice(start, end));
    this.onPayload();
  }
}

function payloadParser(
  payloadSize: number,
): { parser: Parser; handler: ScriptedHandler } {
  const handler = new ScriptedHandler(payloadSize);
  const parser = new Parser(handler, { maxControlLineBytes: 4096 });
  return { parser, handler };
}

/** Tries `bytes` whole, cut in two at each place, and byte by byte. */
function everyCut(
  bytes: Uint8Array,
  attempt: (chunks: Uint8Array[]) => void,
): void {
  for (let at = 0; at < bytes.length; at++) attempt(cutAt(bytes, [at]));
  attempt(inBytes(bytes));
}

function inBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}
