/**
 * Compares once, counts how often the event loop turns meanwhile, and then
 * has nothing left to do: see `bcrypt_test.ts`. With an argument it counts no
 * turns, so that the comparison alone keeps the process alive.
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import { compareBcrypt, hashBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";

let turns = 0;
let isWaiting = true;

function turn(): void {
  turns++;
  if (isWaiting) setImmediate(turn);
}

async function main(): Promise<void> {
  const hash = await hashBcrypt("secret", 10);
  if (process.argv[2] === undefined) turn();
  const same = await compareBcrypt("secret", hash);
  isWaiting = false;
  console.log(`same: ${same} after ${turns} turns`);
}

void main();
