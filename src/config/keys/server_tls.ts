/** Keys of the top level: TLS for clients. */
import { formatDuration } from "../../core/duration.ts";
import { TLS_TIMEOUT_MS } from "../../core/limits.ts";
import type { ServerOptions } from "../../options/options.ts";
import type { TlsSettings } from "../../options/tls.ts";
import { boolean } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";
import { TLS_BLOCK, tlsBlock } from "./tls_keys.ts";

const rows = rowsOf<ServerOptions>();

/** What the log tells of other settings, in nats-server's words. */
function reloadedLines(
  after: TlsSettings | undefined,
  before: TlsSettings | undefined,
): string[] {
  const [next, old] = [after, before].map(partsOf);
  const {
    timeoutMs = TLS_TIMEOUT_MS,
    pinnedCerts = [],
    handshakeFirst = false,
    fallbackDelayMs = 0,
  } = after ?? {};
  const isOther = (part: keyof Parts): boolean => next![part] !== old![part];
  return [
    ...isOther("context")
      ? [`Reloaded: tls = ${after === undefined ? "disabled" : "enabled"}`]
      : [],
    ...isOther("timeout")
      ? [`Reloaded: tls timeout = ${timeoutMs / 1000}`]
      : [],
    ...isOther("pinned")
      ? [`Reloaded: ${pinnedCerts.length} pinned_certs`]
      : [],
    ...isOther("first")
      ? [`Reloaded: Client TLS handshake first: ${handshakeFirst}`]
      : [],
    ...isOther("fallback")
      ? [
        "Reloaded: Client TLS handshake first fallback delay: " +
        formatDuration(fallbackDelayMs),
      ]
      : [],
  ];
}

interface Parts {
  readonly context: string;
  readonly timeout: number;
  readonly pinned: string;
  readonly first: boolean;
  readonly fallback: number;
}

function partsOf(tls: TlsSettings | undefined): Parts {
  const {
    timeoutMs = TLS_TIMEOUT_MS,
    pinnedCerts = [],
    handshakeFirst = false,
    fallbackDelayMs = 0,
    ...context
  } = tls ?? {};
  return {
    context: tls === undefined ? "" : JSON.stringify(context),
    timeout: timeoutMs,
    pinned: pinnedCerts.toSorted().join(),
    first: handshakeFirst,
    fallback: fallbackDelayMs,
  };
}

/** How clients are kept private. */
export const TLS_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["tls"],
    field: "tls",
    inner: TLS_BLOCK,
    reader: tlsBlock(),
    default: undefined,
    text: "TLS for clients.",
    fixedFields: {
      verifyAndMap: "TLSMap",
      connectionRateLimit: "TLSRateLimit",
    },
    reloaded: reloadedLines,
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
  rows.option({
    names: ["resolver_tls"],
    field: "resolverTls",
    inner: TLS_BLOCK,
    reader: tlsBlock(),
    default: undefined,
    text: "TLS towards the URL of `resolver`.",
    reload: "now",
  }),
];
