/**
 * What a page imports: in a bundle for browsers `midge/client` is
 * `midge/browser`.
 */
import {
  connect as connectInBrowser,
  type ConnectOptions,
  nkeyAuthenticator,
} from "midge/browser";
import { connect, NatsConnection } from "midge/client";

const options: ConnectOptions = { servers: "ws://localhost:8080" };

/** Whether the two faces are one, and whether keys can be used. */
function facts(): string {
  const seed = new TextEncoder().encode(
    "SUAOXRE662WSIGIMSIFVQNCCIWG673K7GZMB3ZUUIF45BWGMYKECEQQJZE",
  );
  const { sig = "" } = nkeyAuthenticator(seed)("nonce");
  const isSame = connect.toString() === connectInBrowser.toString();
  return `${isSame}, ${NatsConnection.name}, ${
    sig.length > 80
  }, ${options.servers}`;
}

console.log(facts());
