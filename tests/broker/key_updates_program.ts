/**
 * A client, on Node, that updates the keys of TLS 1.3 itself: port, and how
 * often. It logs in by `node:tls`, takes the keys, and writes records of its own
 * from then on: updates, and a PING behind the last. See `key_updates_test.ts`.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { connect as secure } from "node:tls";

const BATCH = 1_000;
const HANDSHAKE = 0x16;
const DATA = 0x17;
/** A key update that asks the other side for one as well. */
const UPDATE: Buffer = Buffer.from([0x18, 0, 0, 1, 1, HANDSHAKE]);
const PING: Buffer = Buffer.concat([
  Buffer.from("PING\r\n"),
  Buffer.from([DATA]),
]);

/** RFC 8446, 7.1: HKDF-Expand-Label without a context, of 32 bytes at most. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([
    Buffer.from([0, length, name.length]),
    name,
    Buffer.from([0, 1]),
  ]);
  return createHmac("sha256", secret).update(info).digest().subarray(0, length);
}

/** Seals records with the keys of one side. */
class Sealer {
  #secret: Buffer;
  #sealed: number;

  constructor(secret: Buffer, sealed: number) {
    this.#secret = secret;
    this.#sealed = sealed;
  }

  seal(inner: Buffer): Buffer {
    const head = Buffer.from([DATA, 3, 3, 0, inner.length + 16]);
    const nonce = expand(this.#secret, "iv", 12);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sealed++) >>> 0, 8);
    const key = expand(this.#secret, "key", 16);
    const cipher = createCipheriv("aes-128-gcm", key, nonce).setAAD(head);
    const body = cipher.update(inner);
    return Buffer.concat([head, body, cipher.final(), cipher.getAuthTag()]);
  }

  update(): Buffer {
    const record = this.seal(UPDATE);
    this.#secret = expand(this.#secret, "traffic upd", 32);
    this.#sealed = 0;
    return record;
  }
}

const [, , port, count] = process.argv;
let end = "let go of";
// Of a socket whose keys were taken no event may tell: then nothing is waited for.
process.on("exit", () => console.log(end));
const raw = connect(Number(port), "127.0.0.1");
raw.on("error", () => {});
await once(raw, "data");
const stream = secure({
  socket: raw,
  rejectUnauthorized: false,
  ciphers: "TLS_AES_128_GCM_SHA256",
  minVersion: "TLSv1.3",
});
stream.on("error", () => {});
let secret: Buffer | undefined;
stream.on("keylog", (line: Buffer) => {
  const [name, , value = ""] = String(line).trim().split(" ");
  if (name === "CLIENT_TRAFFIC_SECRET_0") secret = Buffer.from(value, "hex");
});
await once(stream, "secureConnect");
stream.write('CONNECT {"verbose":false,"tls_required":true}\r\nPING\r\n');
await once(stream, "data");
console.log("logged in");
const sealer = new Sealer(secret!, 1);
for (let left = Number(count); left > 0; left -= BATCH) {
  const records = Array.from(
    { length: Math.min(left, BATCH) },
    () => sealer.update(),
  );
  if (!raw.write(Buffer.concat(records))) await once(raw, "drain");
  await new Promise(setImmediate);
}
raw.write(sealer.seal(PING));
const [answer] = await once(stream, "data");
end = `answered ${String(answer).trim()}`;
process.exit();
