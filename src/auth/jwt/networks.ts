/** Networks that a user may come from, such as `10.0.0.0/8`. */
import { haveSamePrefix, ipBytes } from "../../net/ip.ts";

interface IpNetwork {
  readonly bytes: readonly number[];
  readonly bits: number;
}

export function isNetwork(text: string): boolean {
  return readNetwork(text) !== undefined;
}

/** Whether `host`, an IP address, lies in one of the networks. */
export function isFromOneOf(
  networks: readonly string[],
  host: string,
): boolean {
  const bytes = ipBytes(host.replace(/%.*/s, ""));
  return bytes !== undefined && networks.some((text) => {
    const network = readNetwork(text);
    return network !== undefined && network.bytes.length === bytes.length &&
      haveSamePrefix(bytes, network.bytes, network.bits);
  });
}

function readNetwork(text: string): IpNetwork | undefined {
  const [, host = "", size = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ??
    [];
  const bytes = ipBytes(host);
  if (bytes === undefined || size === "") return undefined;
  // An IPv4 address that is written as IPv6 has its bits behind 96 others.
  const written = host.includes(":") ? 128 : 32;
  const bits = Number(size) - (written - 8 * bytes.length);
  return bits < 0 || bits > 8 * bytes.length ? undefined : { bytes, bits };
}
