/** A provider whose token or password is in a file, which may change while the program runs. */
import type {
  Discovery,
  ResolveOptions,
  Snapshot,
  WatchOptions,
} from "../discovery.ts";
import type { Files } from "../../platform/files.ts";
import { SecretReader } from "../sources/secret.ts";

/** `make` is called anew when the secret changes. */
export class GuardedDiscovery implements Discovery {
  readonly name: string;
  readonly #reader: SecretReader<Discovery>;

  constructor(path: string, files: Files, make: (secret: string) => Discovery) {
    this.name = make("").name;
    this.#reader = new SecretReader(this.name, path, files, make);
  }

  async resolve(options: ResolveOptions): Promise<Snapshot> {
    const provider = await this.#reader.current(options.signal);
    return await provider.resolve(options);
  }

  async *watch(options: WatchOptions): AsyncGenerator<Snapshot> {
    const provider = await this.#reader.current(options.signal);
    yield* provider.watch?.(options) ?? [];
  }
}
