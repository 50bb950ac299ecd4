/**
 * Numeric addresses as bytes, for comparing them and for finding them in
 * networks such as `10.0.0.0/8`. Strict on purpose: what two readers could
 * understand differently, such as `010.0.0.1`, is no address here. Also the
 * hosts that mean more than one place, or this machine.
 */

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const IPV6_GROUPS = 8;

/** 4 or 16 bytes; an IPv4 address inside IPv6 (`::ffff:1.2.3.4`) has 4. Undefined: no address. */
export function ipBytes(text: string): readonly number[] | undefined {
  if (!text.includes(":")) return ipv4Bytes(text);
  const bytes = ipv6Bytes(text);
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** The usual way to write a host: lower case, IPv4 as IPv4, IPv6 as short as can be. */
export function normalHost(host: string): string {
  const bytes = host.includes(":") ? ipBytes(host) : undefined;
  return bytes === undefined ? host.toLowerCase() : ipText(bytes);
}

/** The usual way to write an address of 4 or 16 bytes. */
export function ipText(bytes: readonly number[]): string {
  if (bytes.length === IPV4_BYTES) return bytes.join(".");
  return isMapped(bytes) ? bytes.slice(12).join(".") : ipv6Text(bytes);
}

/** Whether a server that listens there is open on every interface. */
export function isAnyHost(host: string): boolean {
  return ipBytes(host)?.every((byte) => byte === 0) ?? false;
}

/** Whether a host is this machine and no other. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const bytes = ipBytes(host) ?? [];
  return bytes.length === IPV4_BYTES
    ? bytes[0] === 127
    : bytes.length === IPV6_BYTES &&
      bytes.every((byte, at) => byte === (at === IPV6_BYTES - 1 ? 1 : 0));
}

/** Whether there is nothing to look up: an IP address, or what looks like one. */
export function isNumericHost(host: string): boolean {
  return host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}

/** Whether the first `bits` bits of two addresses of one kind are the same. */
export function haveSamePrefix(
  one: readonly number[],
  other: readonly number[],
  bits: number,
): boolean {
  if (one.length !== other.length) return false;
  return one.every((byte, at) => {
    const left = Math.min(8, Math.max(0, bits - at * 8));
    const mask = 0xff & (0xff << (8 - left));
    return (byte & mask) === (other[at]! & mask);
  });
}

/** RFC 5952, section 4: the longest run of zeros is left out, the first one of several. */
function ipv6Text(bytes: readonly number[]): string {
  const groups = Array.from(
    { length: IPV6_GROUPS },
    (_, at) => (bytes[2 * at]! * 256 + bytes[2 * at + 1]!).toString(16),
  );
  const text = `:${groups.join(":")}:`;
  const runs = text.match(/(?::0){2,}(?=:)/g) ?? [];
  const longest = runs.reduce((a, b) => b.length > a.length ? b : a, "");
  const short = longest === "" ? text : text.replace(longest, ":");
  return short.replace(/^:(?!:)|(?<!:):$/g, "");
}

function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split(".");
  const isGood = parts.length === IPV4_BYTES &&
    parts.every((part) =>
      /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256
    );
  return isGood ? parts.map(Number) : undefined;
}

function ipv6Bytes(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) {
    return undefined;
  }
  const missing = IPV6_GROUPS - head.length - (tail?.length ?? 0);
  const isWhole = tail === undefined ? missing === 0 : missing > 0;
  if (!isWhole) return undefined;
  const groups = [...head, ...Array(missing).fill(0), ...tail ?? []];
  const bytes = groups.flatMap((group: number) => [group >> 8, group & 0xff]);
  return bytes.length === IPV6_BYTES ? bytes : undefined;
}

/** 16 bits each; an IPv4 address at the end makes two. */
function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [at, part] of parts.entries()) {
    const four = at === parts.length - 1 ? ipv4Bytes(part) : undefined;
    if (four !== undefined) {
      groups.push(four[0]! * 256 + four[1]!, four[2]! * 256 + four[3]!);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff && bytes[11] === 0xff;
}
