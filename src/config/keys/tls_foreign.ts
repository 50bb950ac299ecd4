/** Keys of a `tls` block for what Midge has not: the certificate store of Windows, and OCSP. */
import type { ConfigValue } from "../dialect/tree.ts";
import { goType, notSupported, warnOfNoEffect } from "./complaints.ts";
import { refused, withoutEffect } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";

/** When a block is read again. */
const NEXT = "new connections";

const ONLY_WINDOWS =
  "it is for the certificate store of Windows, which Midge does not use";

/** NATS server configuration: the kinds of a store, and of what a certificate in it is found by. */
const STORES = ["windowscurrentuser", "windowslocalmachine"];
const MATCHES = ["subject", "issuer", "thumbprint"];

function isOneOf(words: readonly string[], value: ConfigValue): boolean {
  return value.kind === "string" && words.includes(value.value.toLowerCase());
}

/** What comes from a store of Windows. */
const STORE_ROWS: readonly ConfigKey<unknown>[] = [
  {
    ...refused(["cert_store"], "Midge reads certificates from files.", NEXT),
    apply(_, { at, value }, report) {
      report.error(
        at,
        isOneOf(STORES, value)
          ? "cert_store not compatible with current operating system"
          : "cert store type not implemented",
      );
    },
  },
  {
    ...withoutEffect(["cert_match_by"], ONLY_WINDOWS, NEXT),
    apply(_, entry, report) {
      if (isOneOf(MATCHES, entry.value)) {
        return warnOfNoEffect(entry, ONLY_WINDOWS, report);
      }
      report.error(entry.at, "cert match by type not implemented");
    },
  },
  {
    ...withoutEffect(["cert_match_skip_invalid"], ONLY_WINDOWS, NEXT),
    apply(_, entry, report) {
      if (entry.value.kind === "boolean") {
        return warnOfNoEffect(entry, ONLY_WINDOWS, report);
      }
      report.error(
        entry.at,
        "expected 'cert_match_skip_invalid' to be a boolean",
      );
    },
  },
  withoutEffect(["cert_match", "ca_certs_match"], ONLY_WINDOWS, NEXT),
];

/** What Midge cannot check must not look as if it were. */
const REVOCATION_ROW: ConfigKey<unknown> = {
  ...refused(
    ["ocsp_peer"],
    "Certificates that are revoked would come in.",
    NEXT,
  ),
  apply(_, entry, report) {
    const { at, value } = entry;
    if (value.kind === "boolean" && !value.value) {
      return warnOfNoEffect(entry, "it is off", report);
    }
    report.error(
      at,
      value.kind === "boolean" || value.kind === "map"
        ? notSupported(entry)
        : `error parsing ocsp peer config: unsupported type ${goType(value)}`,
    );
  },
};

/** All of them. */
export const FOREIGN_ROWS: readonly ConfigKey<unknown>[] = [
  ...STORE_ROWS,
  REVOCATION_ROW,
];
