/**
 * The header of the PROXY protocol, versions 1 and 2, with which a proxy says
 * for whom it connects. It is read from chunks of any size, and 107 bytes of it
 * are held at most, whatever length it claims. A stream that begins in another
 * way has no header, and what was looked at is given back.
 */
import { byteString } from "../core/ascii.ts";
import { printableBytes, quotedBytes } from "../core/quote.ts";
import type { Address } from "../platform/socket.ts";
import { portNumber } from "./address.ts";
import { ipBytes, ipText, normalHost } from "./ip.ts";

/** The header cannot be read, or does not speak of a TCP connection. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
}

/** What `take` expects next: how it is put into words when it does not come. */
type Part =
  | "read protocol version"
  | "read v1 line"
  | "read v2 signature"
  | "read v2 header"
  | "read IPv4 address data"
  | "read IPv6 address data"
  | "discard LOCAL command address data"
  | "discard UNSPEC address address data";

/** Bytes that tell what a stream begins with. */
const DETECTED_BYTES = 6;
const V1_PREFIX = "PROXY ";
const V1_BYTES_MAX = 107;
const V2_SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
/** The signature, version and command, family and transport, and the length of what follows. */
const V2_BYTES = V2_SIGNATURE.length + 4;
const V2_VERSION = 0x20;
const V2_LOCAL = 0;
const V2_PROXY = 1;
const V2_STREAM = 1;
const V2_UNSPECIFIED = 0;
/** Bytes of a host, by the number of its family. */
const V2_HOSTS: ReadonlyMap<number, 4 | 16> = new Map([[0x10, 4], [0x20, 16]]);
const PORT_BYTES = 2;
const CR = 0x0d;
const LF = 0x0a;

/** What divides the words of version 1, as byte string: all that Unicode calls white space. */
const BLANKS =
  /(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)+/;

/** Reads the header of one connection. */
export class ProxyHeaderReader {
  /** For whom the proxy connects; undefined where it speaks for itself, and without a header. */
  source: Address | undefined = undefined;
  /** The header was read, or it is known that there is none. */
  isDone = false;
  readonly #held = new Uint8Array(V1_BYTES_MAX);
  #heldBytes = 0;
  /** How many are held before something is made of them. */
  #wantedBytes = DETECTED_BYTES;
  #part: Part = "read protocol version";
  /** Bytes of the header that follow those and mean nothing here. */
  #idleBytes = 0;
  #passedBytes = 0;

  /** It is known what the stream begins with. */
  get isDetected(): boolean {
    return this.isDone || this.#part !== "read protocol version";
  }

  /** Nothing has come. */
  get isEmpty(): boolean {
    return this.#heldBytes === 0;
  }

  /** What `take` took and is no header. */
  get givenBack(): Uint8Array {
    const isNone = this.#part === "read protocol version";
    return this.#held.subarray(0, isNone ? this.#heldBytes : 0);
  }

  /**
   * Takes what belongs to the header from `chunk` (borrowed), and gives how many
   * bytes that is. Throws a `ProxyHeaderError`.
   */
  take(chunk: Uint8Array): number {
    let used = 0;
    while (!this.isDone && used < chunk.length) {
      const left = chunk.subarray(used);
      used += this.#heldBytes < this.#wantedBytes
        ? this.#hold(left)
        : this.#passOver(left.length);
    }
    return used;
  }

  /** The stream gave nothing more, for the reason `why`: what that means for the header, in Go's words. */
  missing(why: string): string {
    const isInside = this.#part.startsWith("read v2") ||
      /protocol|IPv/.test(this.#part);
    const isCut = why === "EOF" && isInside && this.#partBytes > 0;
    return `failed to ${this.#part}: ${isCut ? "unexpected " : ""}${why}`;
  }

  /** Bytes that have come of the part that is expected. */
  get #partBytes(): number {
    switch (this.#part) {
      case "read v2 signature":
        return this.#heldBytes - DETECTED_BYTES;
      case "read v2 header":
        return this.#heldBytes - V2_SIGNATURE.length;
      case "read protocol version":
        return this.#heldBytes;
      default:
        return this.#heldBytes - V2_BYTES + this.#passedBytes;
    }
  }

  #hold(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#wantedBytes - this.#heldBytes);
    this.#held.set(bytes.subarray(0, count), this.#heldBytes);
    this.#heldBytes += count;
    if (this.#heldBytes === this.#wantedBytes) this.#heldEnough();
    return count;
  }

  #passOver(bytes: number): number {
    const count = Math.min(bytes, this.#idleBytes - this.#passedBytes);
    this.#passedBytes += count;
    this.isDone = this.#passedBytes === this.#idleBytes;
    return count;
  }

  #heldEnough(): void {
    switch (this.#part) {
      case "read protocol version":
        return this.#detected();
      case "read v1 line":
        return this.#readOnV1();
      case "read v2 signature":
        if (this.#text(V2_SIGNATURE.length) !== V2_SIGNATURE) {
          throw invalid("invalid signature");
        }
        return this.#expect("read v2 header", V2_BYTES);
      case "read v2 header":
        return this.#readV2();
      default:
        this.source = this.#sourceOfV2();
        this.isDone = this.#idleBytes === 0;
    }
  }

  #detected(): void {
    const text = this.#text(DETECTED_BYTES);
    if (text === V1_PREFIX) {
      this.#expect("read v1 line", DETECTED_BYTES + 1);
    } else if (V2_SIGNATURE.startsWith(text)) {
      this.#expect("read v2 signature", V2_SIGNATURE.length);
    } else {
      this.isDone = true;
    }
  }

  #readOnV1(): void {
    const end = this.#heldBytes;
    if (this.#held[end - 2] === CR && this.#held[end - 1] === LF) {
      this.source = sourceOfV1(this.#text(end).slice(V1_PREFIX.length));
      this.isDone = true;
    } else if (end === V1_BYTES_MAX) {
      throw invalid("v1 line too long");
    } else {
      this.#wantedBytes++;
    }
  }

  #readV2(): void {
    const [versionAndCommand = 0, familyAndTransport = 0, high = 0, low = 0] =
      this.#held.subarray(V2_SIGNATURE.length, V2_BYTES);
    const version = versionAndCommand & 0xf0;
    const command = versionAndCommand & 0x0f;
    const family = familyAndTransport & 0xf0;
    const bytes = high * 256 + low;
    if (version !== V2_VERSION) {
      throw invalid(`invalid version ${hexadecimal(version)}`);
    }
    if (command === V2_LOCAL) {
      return this.#expect("discard LOCAL command address data", 0, bytes);
    }
    if (command !== V2_PROXY) {
      throw new ProxyHeaderError(
        `unknown PROXY protocol command: ${hexadecimal(command)}`,
      );
    }
    if ((familyAndTransport & 0x0f) !== V2_STREAM) {
      throw unsupported("only STREAM protocol supported");
    }
    if (family === V2_UNSPECIFIED) {
      return this.#expect("discard UNSPEC address address data", 0, bytes);
    }
    const hostBytes = V2_HOSTS.get(family);
    if (hostBytes === undefined) {
      throw unsupported(`unsupported address family ${hexadecimal(family)}`);
    }
    this.#expectAddresses(hostBytes, bytes);
  }

  #expectAddresses(hostBytes: 4 | 16, bytes: number): void {
    const name = hostBytes === 4 ? "IPv4" : "IPv6";
    const addressBytes = 2 * (hostBytes + PORT_BYTES);
    if (bytes < addressBytes) {
      throw new ProxyHeaderError(
        `${name} address data too short: ${bytes} bytes`,
      );
    }
    this.#expect(
      `read ${name} address data`,
      V2_BYTES + addressBytes,
      bytes - addressBytes,
    );
  }

  /** Of what follows, as many bytes are held as make `wantedBytes` in all, and `idleBytes` passed over. */
  #expect(part: Part, wantedBytes: number, idleBytes = 0): void {
    this.#part = part;
    this.#wantedBytes = wantedBytes;
    this.#idleBytes = idleBytes;
    this.isDone = this.#heldBytes >= wantedBytes && idleBytes === 0;
  }

  #sourceOfV2(): Address {
    const hostBytes = this.#part === "read IPv4 address data" ? 4 : 16;
    const portAt = V2_BYTES + 2 * hostBytes;
    const host = this.#held.subarray(V2_BYTES, V2_BYTES + hostBytes);
    return {
      host: ipText([...host]),
      port: this.#held[portAt]! * 256 + this.#held[portAt + 1]!,
    };
  }

  #text(bytes: number): string {
    return byteString(this.#held, 0, bytes);
  }
}

/** Who is behind the proxy by the words of version 1, a byte string. */
function sourceOfV1(line: string): Address | undefined {
  const words = line.split(BLANKS).filter((word) => word !== "");
  const [protocol = "", source = "", target = "", ...ports] = words;
  if (protocol === "UNKNOWN") return undefined;
  if (words.length !== 5) throw invalid("invalid v1 format");
  if ([source, target].some((host) => ipBytes(host) === undefined)) {
    throw invalid("invalid address");
  }
  const port = portOf("source", ports[0]!);
  portOf("dest", ports[1]!);
  const areIpv6 = [source, target].map((host) => host.includes(":"));
  if (protocol === "TCP4") {
    if (areIpv6.includes(true)) throw invalid("TCP4 with IPv6 address");
  } else if (protocol === "TCP6") {
    if (areIpv6.includes(false)) throw invalid("TCP6 with IPv4 address");
  } else {
    throw invalid(`invalid protocol ${printableBytes(protocol)}`);
  }
  return { host: normalHost(source), port };
}

function portOf(whose: "source" | "dest", text: string): number {
  const port = portNumber(text);
  if (port !== undefined) return port;
  const problem = /^\d+$/.test(text) ? "value out of range" : "invalid syntax";
  throw new ProxyHeaderError(
    `invalid ${whose} port: strconv.ParseUint: parsing ${
      quotedBytes(text)
    }: ${problem}`,
  );
}

function invalid(detail: string): ProxyHeaderError {
  return new ProxyHeaderError(`invalid PROXY protocol header: ${detail}`);
}

function unsupported(detail: string): ProxyHeaderError {
  return new ProxyHeaderError(`unsupported PROXY protocol feature: ${detail}`);
}

function hexadecimal(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
