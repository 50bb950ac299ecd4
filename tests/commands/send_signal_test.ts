/** `-sl`: which process is meant, and why it cannot be told. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { signalServer } from "../../src/commands/send_signal.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

/** The system refuses every signal, with one of these codes after the other. */
function refuseSignals(t: Cleanup, ...codes: readonly string[]): void {
  const { kill } = process;
  const left = [...codes];
  process.kill = () => {
    const code = left.shift();
    throw Object.assign(new Error(`kill ${code}`), { code });
  };
  t.after(() => void (process.kill = kill));
}

test("a number that no process can have is refused, as 0 is all of a group", (t) => {
  refuseSignals(t);
  const file = join(temporaryFolder(t), "midge.pid");
  for (const text of ["0", "00", "-1", "", "12 13"]) {
    writeFileSync(file, `${text}\n`);
    assert.throws(() => signalServer("quit", file), {
      message: `invalid pid: ${file}`,
    });
  }
  assert.throws(() => signalServer("quit", "0"), { message: "invalid pid: 0" });
});

test("the reason is told: nobody there, not ours, or no such signal", (t) => {
  refuseSignals(t, "ESRCH", "EPERM", "ERR_UNKNOWN_SIGNAL");
  const reasons = [
    "no such process",
    "operation not permitted",
    "kill ERR_UNKNOWN_SIGNAL",
  ];
  for (const why of reasons) {
    assert.throws(() => signalServer("ldm", "12"), {
      message: `signal "ldm" 12: ${why}`,
    });
  }
});
