/** Compares once, and then has nothing left to do: see `bcrypt_test.ts`. */
import { compareBcrypt, hashBcrypt } from "../../src/runtime/bcrypt.ts";

const hash = await hashBcrypt("secret", 4);
console.log(`same: ${await compareBcrypt("secret", hash)}`);
