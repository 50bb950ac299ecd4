/**
 * The list of hosts that may be dialled although only a registry, a DNS server
 * or the like has named them: names, `*.name` for all names below one,
 * addresses, and networks of either kind of IP.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { haveSamePrefix, ipBytes } from "../../net/ip.ts";

interface IpNetwork {
  readonly bytes: readonly number[];
  readonly bits: number;
}

export class AllowList {
  readonly #names = new Set<string>();
  /** Each with its leading dot. */
  readonly #suffixes: string[] = [];
  readonly #networks: IpNetwork[] = [];

  /** Throws `InvalidArgumentError` for an entry that makes no sense. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry.trim().toLowerCase());
  }

  /**
   * Whether a host may be dialled. A name that is not listed may stand for a
   * listed address, which `allowsAddress` tells once the name is looked up.
   */
  allowsHost(host: string): boolean {
    if (this.allowsName(host)) return true;
    return ipBytes(host) === undefined
      ? this.#networks.length > 0
      : this.allowsAddress(host);
  }

  /** Whether a name is listed, so that its addresses do not matter. */
  allowsName(name: string): boolean {
    const wanted = name.toLowerCase().replace(/\.$/, "");
    return this.#names.has(wanted) ||
      this.#suffixes.some((suffix) => wanted.endsWith(suffix));
  }

  allowsAddress(address: string): boolean {
    const bytes = ipBytes(address);
    return bytes !== undefined &&
      this.#networks.some((net) => haveSamePrefix(net.bytes, bytes, net.bits));
  }

  #add(entry: string): void {
    const [address = "", length, ...rest] = entry
      .replace(/^\[(.*)\]/, "$1").split("/");
    const bytes = ipBytes(address);
    if (bytes === undefined) return this.#addName(entry);
    const most = bytes.length * 8;
    const bits = length === undefined ? most : Number(length);
    const isGood = rest.length === 0 && /^(?:\d+)?$/.test(length ?? "") &&
      length !== "" && bits <= most;
    if (!isGood) throw noEntry(entry);
    this.#networks.push({ bytes, bits });
  }

  #addName(entry: string): void {
    const name = entry.replace(/^\*\./, "").replace(/\.$/, "");
    if (!/^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*$/u.test(name)) {
      throw noEntry(entry);
    }
    if (entry.startsWith("*.")) this.#suffixes.push(`.${name}`);
    else this.#names.add(name);
  }
}

function noEntry(entry: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `Entry ${
      JSON.stringify(entry)
    } of the allow-list is no name, address or network`,
  );
}
