/** bcrypt on its own thread: right answers, and an event loop that stays free. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import {
  closeBcrypt,
  compareBcrypt,
  hashBcrypt,
} from "../../src/runtime/bcrypt/bcrypt.ts";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { after, test } from "../support/test.ts";

// From the test vectors of jBCrypt.
const HASH_OF_ABC =
  "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

after(closeBcrypt);

test("a hash knows its secret", async () => {
  const hash = await hashBcrypt("s3cret ü", 4);
  assert.match(hash, /^\$2[ab]\$04\$.{53}$/);
  assert.equal(await compareBcrypt("s3cret ü", hash), true);
  assert.equal(await compareBcrypt("s3cret u", hash), false);
});

test("a hash that another program made is understood", async () => {
  assert.equal(await compareBcrypt("abc", HASH_OF_ABC), true);
  assert.equal(await compareBcrypt("abd", HASH_OF_ABC), false);
});

test("all prefixes of the family are accepted", async () => {
  const rest = (await hashBcrypt("secret", 4)).slice(4);
  for (const prefix of ["$2a$", "$2b$", "$2x$", "$2y$"]) {
    assert.equal(await compareBcrypt("secret", prefix + rest), true, prefix);
  }
});

test("bytes after the 72nd do not count", async () => {
  const hash = await hashBcrypt("x".repeat(80), 4);
  assert.equal(await compareBcrypt("x".repeat(72), hash), true);
  assert.equal(await compareBcrypt("x".repeat(71), hash), false);
});

test("what is no hash has no secret", async () => {
  assert.equal(await compareBcrypt("secret", "$2a$04$short"), false);
  const odd = "$2a$99$" + ".".repeat(53);
  await assert.rejects(compareBcrypt("secret", odd), /rounds/);
});

test("the event loop turns while a hash is compared", async () => {
  const hash = await hashBcrypt("secret", 11);
  let turns = 0;
  let waiting = true;
  const compared = compareBcrypt("secret", hash).finally(() => waiting = false);
  while (waiting) {
    await turn();
    turns++;
  }
  assert.equal(await compared, true);
  assert.ok(turns > 100, `${turns} turns`);
});

test("equal comparisons at one time are one computation", async () => {
  const hash = await hashBcrypt("secret", 4);
  const first = compareBcrypt("secret", hash);
  assert.equal(compareBcrypt("secret", hash), first);
  assert.notEqual(compareBcrypt("other", hash), first);
  await first;
  assert.notEqual(compareBcrypt("secret", hash), first);
});

test("closing rejects what is under way; the next call starts anew", async () => {
  const lost = assert.rejects(hashBcrypt("secret", 12), /closed/);
  await closeBcrypt();
  await lost;
  assert.match(await hashBcrypt("secret", 4), /^\$2/);
});

test("a busy thread keeps its process alive until its answer, an idle one does not", async (t) => {
  const script = "tests/runtime/bcrypt_program.ts";
  const program = spawnProgram(currentRuntime(), script, ["without turns"]);
  t.after(() => program.stop());
  assert.deepEqual(await program.exited, { code: 0, signal: null });
  assert.equal(program.stdout, "same: true after 0 turns\n");
});
