/** Keys of the top level: TLS for clients. */
import type { ServerOptions } from "../../options/options.ts";
import { boolean } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";
import { TLS_BLOCK, tlsBlock } from "./tls_keys.ts";

const rows = rowsOf<ServerOptions>();

/** How clients are kept private. */
export const TLS_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["tls"],
    field: "tls",
    inner: TLS_BLOCK,
    reader: tlsBlock(),
    default: undefined,
    text: "TLS for clients.",
    reload: "new connections",
  }),
  rows.option({
    names: ["allow_non_tls"],
    field: "allowNonTls",
    reader: boolean,
    default: false,
    text: "With `tls`: clients may do without.",
    goField: "AllowNonTLS",
    reload: "restart",
  }),
];
