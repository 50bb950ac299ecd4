/** A program that is bundled with a login by nkey. */
import { nkeyAuthenticator } from "midge/client";

const seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const login = nkeyAuthenticator(new TextEncoder().encode(seed));
console.log(JSON.stringify(login("a nonce")).includes('"nkey":"U'));
