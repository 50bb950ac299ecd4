/**
 * TLS in front of WebSockets: it always comes first, and who speaks HTTP in
 * clear is told so. NATS: in the words of Go's server of HTTP.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import { PeekedSocket } from "../../net/peeked_socket.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Socket, TlsUpgrade } from "../../platform/socket.ts";

/** The header of a record, by which one tells what comes. */
const RECORD_HEADER_BYTES = 5;
const ALERT = 21;
const HANDSHAKE = 22;
const HTTP = /^(?:GET \/|HEAD |POST |PUT \/|OPTIO)/;
const NOT_HTTPS = asciiBytes(
  "HTTP/1.0 400 Bad Request\r\n\r\n" +
    "Client sent an HTTP request to an HTTPS server.\n",
);

/** The socket under TLS, or why it is of no use; then it is closed. */
export async function securedFirst(
  socket: Socket,
  tls: TlsUpgrade,
  clock: Clock,
): Promise<Socket | string> {
  const peeked = new PeekedSocket(socket);
  const timer = clock.after(tls.timeoutMs, () => peeked.destroy());
  const first = await peeked.firstBytes(RECORD_HEADER_BYTES);
  timer.cancel();
  if (first.length < RECORD_HEADER_BYTES) {
    peeked.destroy();
    return "EOF";
  }
  if (HTTP.test(byteString(first, 0, RECORD_HEADER_BYTES))) {
    peeked.write(NOT_HTTPS);
    peeked.end();
    return "client sent an HTTP request to an HTTPS server";
  }
  if (first[0] !== HANDSHAKE && first[0] !== ALERT) {
    peeked.destroy();
    return "tls: first record does not look like a TLS handshake";
  }
  try {
    await peeked.secure(tls);
    return peeked;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.replace(/^TLS handshake failed: /, "");
  }
}
