/** A registrar whose token or password is in a file, which is read when a node registers. */
import type { Files } from "../../platform/files.ts";
import type { NodeRecord } from "../node_record.ts";
import type { RegisterOptions, Registrar, Registration } from "../registrar.ts";
import { SecretReader } from "../sources/secret.ts";

export class GuardedRegistrar implements Registrar {
  readonly name: string;
  readonly #reader: SecretReader<Registrar>;

  constructor(path: string, files: Files, make: (secret: string) => Registrar) {
    this.name = make("").name;
    this.#reader = new SecretReader(this.name, path, files, make);
  }

  async register(
    node: NodeRecord,
    options: RegisterOptions,
  ): Promise<Registration> {
    const registrar = await this.#reader.current(options.signal);
    return await registrar.register(node, options);
  }
}
