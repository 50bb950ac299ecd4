/**
 * What the parser and the argument readers refuse: the reason of the closing,
 * the exact `-ERR` text or the silence before it, and the moment. Nothing of
 * this depends on how the input was cut into chunks.
 */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { describe, it } from "../support/test.ts";
import {
  CLIENT,
  cutAt,
  type Dialect,
  FAST_CLIENT,
  LIBRARY,
  outcomeOf,
  ROUTE,
} from "./recorder.ts";

const UNKNOWN = "Protocol Violation: Unknown Protocol Operation";
/** Malformed arguments end the connection without an `-ERR`. */
const SILENT = "Protocol Violation: ";

/** Inputs, in rows, that each of some kinds of peer must not send. */
interface Refused {
  readonly from: readonly Dialect[];
  readonly inputs: readonly (readonly string[])[];
}

// Refused with their last byte at the latest; most of them have no line end.
const UNKNOWN_OPERATIONS: readonly Refused[] = [
  {
    from: [CLIENT, FAST_CLIENT, ROUTE, LIBRARY],
    inputs: [
      ["\r\n", "\n", " PING\r\n", "\tPING\r\n", "\0", "\xff", "X", "GET / "],
      ["\x16\x03\x01", "POST", "PUT", "PIN ", "PI\r\n", "PUNG", "PIP", "POM"],
      ["PINPING", "+K", "+O\r\n", "++", "+\r\n", "-OK", "-E\r\n", "- ERR"],
      ["-ERR\r\n", "-ERR'", "-ERX", "IFO", "INF\r\n", "INX", "INFQ"],
    ],
  },

  {
    from: [CLIENT, FAST_CLIENT],
    inputs: [
      ["PUB\r\n", "PUB\n", "PUBfoo", "PUBX", "PU ", "PUBB", "PB"],
      ["HPUB\r\n", "HPUBfoo", "HPU ", "HPB", "HUB"],
      ["SUB\r\n", "SUB\n", "SUBfoo", "SU ", "SB", "SUUB"],
      ["UNSUB\r\n", "UNSUB\n", "UNSUBfoo", "UNSU ", "UNS\r\n", "USUB", "UNB"],
      ["CONECT", "CON\r\n", "CONNEC{}", "COX", "CANNECT"],
      ["MSG", "HMSG", "RMSG", "LMSG", "RS+", "RS-", "LS+", "LS-", "A+", "A-"],
    ],
  },

  {
    from: [ROUTE],
    inputs: [
      ["RS+\r\n", "RS-\n", "RS+foo", "RS ", "RS*", "RSX", "R+"],
      ["LS+\r\n", "LS-foo", "LS ", "LSX", "L+"],
      ["RMSG\r\n", "RMSGfoo", "RMS ", "RSMG", "HMSG\r\n", "HMSGfoo", "HMS "],
      ["A+\r\n", "A-foo", "A ", "AX", "MSG", "PUB", "HPUB", "LMSG"],
    ],
  },

  {
    from: [LIBRARY],
    inputs: [
      ["MSG\r\n", "MSGfoo", "MS ", "MG", "HMSG\r\n", "HMSGfoo"],
      ["PUB", "HPUB", "SUB", "UNSUB", "CONNECT", "RMSG", "RS+"],
    ],
  },
];

const BAD_PAYLOAD_ENDS: readonly Refused[] = [
  {
    from: [CLIENT, FAST_CLIENT],
    inputs: [
      ["PUB foo 2\r\nhix", "PUB foo 2\r\nhi\n", "PUB foo 2\r\nhi\rx"],
      ["PUB foo 2\r\nhi\r\r", "PUB foo 4\r\nhi\r\nP", "PUB foo 0\r\n\n"],
      ["PUB foo 0\r\nx", "HPUB foo 1 2\r\nhix"],
    ],
  },
  {
    from: [ROUTE],
    inputs: [["RMSG $G foo 2\r\nhi\n", "HMSG $G foo 1 2\r\nhi\rx"]],
  },
  {
    from: [LIBRARY],
    inputs: [["MSG foo 1 2\r\nhix", "HMSG foo 1 1 2\r\nhi\n"]],
  },
];

/** The last byte is the wrong one. */
const ALMOST_VERBS = ["X", "PINX", "PUBx", "SUB\r", "UNSUB\n"];

// Sizes are one to nine decimal digits, nothing else.
const BAD_SIZES = [
  ...["x", "-1", "+1", "1x", "x1", "1.0", "1e3", "0x10", "1_000", "1,000"],
  ...["1234567890", "0000000001", "99999999999999999999", "\xb2", "1\r", '"1"'],
];

const MALFORMED_ARGUMENTS: readonly Refused[] = [
  {
    from: [CLIENT, FAST_CLIENT],
    inputs: [
      ["PUB \r\n", "PUB\t\n\n", "PUB 2\r\n", "PUB foo\r\n", "PUB foo bar\r\n"],
      ["PUB foo bar baz 2\r\n", "PUB foo 2 bar\r\n", "PUB foo 0\r\r\n"],
      ["HPUB \r\n", "HPUB 1\r\n", "HPUB 1 2\r\n", "HPUB foo 2\r\n"],
      ["HPUB foo bar 2\r\n", "HPUB foo bar baz 1 2\r\n", "HPUB foo 3 2\r\n"],
      BAD_SIZES.map((size) => `PUB foo ${size}\r\n`),
      BAD_SIZES.map((size) => `PUB foo bar ${size}\r\n`),
      BAD_SIZES.map((size) => `HPUB foo 0 ${size}\r\n`),
      BAD_SIZES.map((size) => `HPUB foo ${size} 2\r\n`),
      ["CONNECT\r\n", "CONNECT \r\n", "CONNECT {\r\n", "CONNECT x\r\n"],
      ["CONNECT []\r\n", 'CONNECT "a"\r\n', "CONNECT 1\n"],
      ["CONNECT {}{}\r\n", "INFO\r\n", "INFO {\r\n", "INFO []\r\n"],
    ],
  },

  {
    from: [ROUTE],
    inputs: [
      ["RMSG \r\n", "RMSG 2\r\n", "RMSG $G 2\r\n", "RMSG foo 2\r\n"],
      ["RMSG $G foo\r\n", "RMSG $G foo bar\r\n", "RMSG $G foo * q 2\r\n"],
      ["RMSG $G foo bar q 2\r\n", "RMSG $G foo ++ bar q 2\r\n"],
      ["RMSG $G foo || q 2\r\n", "HMSG $G foo 2\r\n", "HMSG $G 1 2\r\n"],
      ["HMSG $G foo 3 2\r\n", "HMSG $G foo bar q 1 2\r\n"],
      BAD_SIZES.map((size) => `RMSG $G foo | q ${size}\r\n`),
      BAD_SIZES.map((size) => `HMSG $G foo 0 ${size}\r\n`),
      BAD_SIZES.map((size) => `HMSG $G foo ${size} 2\r\n`),
    ],
  },

  {
    from: [LIBRARY],
    inputs: [
      ["MSG \r\n", "MSG 2\r\n", "MSG foo 2\r\n", "MSG foo 1 bar baz 2\r\n"],
      ["MSG foo 1 bar\r\n", "HMSG foo 1 2\r\n", "HMSG 1 1 2\r\n"],
      ["HMSG foo 1 3 2\r\n", "HMSG foo 1 bar baz 1 2\r\n"],
      BAD_SIZES.map((size) => `MSG foo 1 ${size}\r\n`),
      BAD_SIZES.map((size) => `HMSG foo 1 ${size} 2\r\n`),
      ["INFO\r\n", "INFO x\r\n"],
    ],
  },
];

describe("malformed input", () => {
  it("is an unknown operation when no verb of this kind of peer fits", () => {
    eachInput(UNKNOWN_OPERATIONS, (...input) => {
      refusedHoweverCut(...input, UNKNOWN);
    });
  });

  it("is an unknown operation when a payload does not end with CR LF", () => {
    eachInput(BAD_PAYLOAD_ENDS, (...input) => {
      refusedHoweverCut(...input, UNKNOWN);
    });
  });

  it("ends the connection in silence when arguments make no sense", () => {
    eachInput(MALFORMED_ARGUMENTS, (...input) => {
      refusedHoweverCut(...input, SILENT);
    });
  });

  it("does not undo the operations before it", () => {
    const outcome = outcomeOf(CLIENT, [asciiBytes("PING\r\nPONG\r\nJUNK")]);
    assert.deepEqual(outcome.events, ["PING", "PONG"]);
    assert.equal(outcome.refusal, UNKNOWN);
  });

  it("is seen with its first wrong byte", () => {
    const almostVerbs = [{
      from: [CLIENT, FAST_CLIENT],
      inputs: [ALMOST_VERBS],
    }];
    eachInput([...BAD_PAYLOAD_ENDS, ...almostVerbs], (dialect, input) => {
      const right = asciiBytes(input).subarray(0, -1);
      const pending = { events: [], refusal: "", held: right.length };
      assert.deepEqual(outcomeOf(dialect, [right]), pending, input);
      assert.equal(outcomeOf(dialect, [asciiBytes(input)]).refusal, UNKNOWN);
    });
  });
});

function eachInput(
  tables: readonly Refused[],
  check: (dialect: Dialect, input: string) => void,
): void {
  for (const { from, inputs } of tables) {
    for (const dialect of from) {
      for (const input of inputs.flat()) check(dialect, input);
    }
  }
}

/** Whole, byte by byte and cut in two anywhere: the same refusal, no event. */
function refusedHoweverCut(
  dialect: Dialect,
  input: string,
  refusal: string,
): void {
  const bytes = asciiBytes(input);
  const everyByte = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
  const expected = { events: [], refusal, held: 0 };
  const about = `${dialect.name}: ${JSON.stringify(input)}`;
  assert.deepEqual(outcomeOf(dialect, [bytes]), expected, about);
  assert.deepEqual(
    outcomeOf(dialect, cutAt(bytes, everyByte)),
    expected,
    about,
  );
  for (const at of everyByte) {
    assert.deepEqual(outcomeOf(dialect, cutAt(bytes, [at])), expected, about);
  }
}
