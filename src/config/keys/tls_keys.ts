/**
 * The `tls` block, the same wherever it stands. What its files hold is read
 * behind all rows, by `tls_files.ts`.
 */
import type { TlsSettings, TlsVerification } from "../../options/tls.ts";
import type { TlsVersion } from "../../platform/socket.ts";
import { TLS_TIMEOUT_MS } from "../../core/limits.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import {
  CERTIFICATE_BLOCK,
  type CertificateFiles,
  certificates,
} from "./certificate_keys.ts";
import { goType } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import type { Reader } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";
import { FOREIGN_ROWS } from "./tls_foreign.ts";
import { CURVES, INSECURE_SUITES, SECURE_SUITES } from "./tls_names.ts";
import {
  handshakeFirst,
  knownNames,
  pinnedCerts,
  rateLimit,
  tlsFile,
  tlsSwitch,
  tlsTimeout,
  tlsVersion,
  verification,
} from "./tls_readers.ts";

/** A block while it is read. */
interface TlsDraft extends CertificateFiles {
  certificates: CertificateFiles[];
  caFile: string;
  verify: TlsVerification;
  verifyAndMap: boolean;
  checkKnownUrls: boolean;
  pinnedCerts: string[] | undefined;
  timeoutMs: number;
  minVersion: TlsVersion;
  cipherSuites: string[] | undefined;
  mayBeInsecure: boolean;
  curves: string[] | undefined;
  handshakeFirst: boolean;
  fallbackDelayMs: number;
  connectionRateLimit: number;
  insecure: boolean;
}

const rows = rowsOf<TlsDraft>();

/** The keys of `tls`. */
export const TLS_BLOCK: Block<TlsDraft> = {
  place: "`tls`",
  unknownField: (name) => `error parsing tls config, unknown field ${name}`,
  types: {
    options: "TlsSettings",
    optionsText: "",
    isByHand: true,
    config: "TlsConfig",
    configText: "A `tls` block. Relative paths start at the working folder.",
  },
  keys: [
    rows.option({
      names: ["cert_file"],
      field: "certFile",
      reader: tlsFile,
      default: "",
      text: "The certificate, in PEM, and behind it those that vouch for it.",
      reload: "new connections",
    }),
    rows.option({
      names: ["key_file"],
      field: "keyFile",
      reader: tlsFile,
      default: "",
      text: "The key of the certificate, in PEM.",
      reload: "new connections",
    }),
    rows.option({
      names: ["certs", "certificates"],
      field: "certificates",
      inner: CERTIFICATE_BLOCK,
      reader: certificates,
      default: [],
      text:
        "Several certificates, of which the name that is asked for chooses one, else the first.",
      reload: "new connections",
    }),
    rows.option({
      names: ["ca_file"],
      field: "caFile",
      reader: tlsFile,
      default: "",
      text:
        "The authorities that certificates of the other end must come from; those that the machine trusts unless set.",
      reload: "new connections",
    }),
    rows.option({
      names: ["verify"],
      field: "verify",
      reader: verification,
      default: false,
      text:
        "Whether the other end must show a certificate; `optional`: it may, and then a good one.",
      reload: "new connections",
    }),
    rows.option({
      names: ["verify_and_map"],
      field: "verifyAndMap",
      reader: tlsSwitch,
      default: false,
      text: "The same as `verify`, and the certificate says who the client is.",
      reload: "restart",
    }),
    rows.option({
      names: ["verify_cert_and_check_known_urls"],
      field: "checkKnownUrls",
      reader: tlsSwitch,
      default: false,
      text:
        "The same as `verify`, and the certificate must be for a host of a configured route.",
      reload: "restart",
    }),
    rows.option({
      names: ["pinned_certs"],
      field: "pinnedCerts",
      reader: pinnedCerts,
      default: undefined,
      text:
        "The public keys that the other end may have, by the SHA-256 of their DER; any unless set.",
      reload: "now",
    }),
    rows.option({
      names: ["timeout"],
      field: "timeoutMs",
      reader: tlsTimeout,
      default: TLS_TIMEOUT_MS,
      unit: "ms",
      text: "How long a handshake may take.",
      reload: "new connections",
    }),
    rows.option({
      names: ["min_version"],
      field: "minVersion",
      reader: tlsVersion,
      default: "TLSv1.2",
      text: "The oldest version of TLS that is spoken; 1.2 unless set.",
      reload: "new connections",
    }),
    rows.option({
      names: ["cipher_suites"],
      field: "cipherSuites",
      reader: knownNames(
        "cipher_suites",
        [...SECURE_SUITES, ...INSECURE_SUITES],
        "unrecognized cipher",
      ),
      default: undefined,
      text:
        "The cipher suites of TLS 1.2, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; all safe ones unless set. Those of TLS 1.3 are always on.",
      reload: "new connections",
    }),
    rows.option({
      names: ["allow_insecure_cipher_suites"],
      field: "mayBeInsecure",
      reader: tlsSwitch,
      default: false,
      text: "`cipher_suites` may have some that are not safe any more.",
      reload: "new connections",
    }),
    rows.option({
      names: ["curve_preferences"],
      field: "curves",
      reader: knownNames(
        "curve_preferences",
        CURVES,
        "unrecognized curve preference",
      ),
      default: undefined,
      text: "The curves of the key exchange, such as `X25519`, `CurveP256`.",
      reload: "new connections",
    }),
    rows.key({
      names: ["handshake_first", "first", "immediate"],
      field: "handshakeFirst",
      sets: ["handshakeFirst"],
      reader: handshakeFirst,
      set(draft, { isOn, fallbackMs }) {
        draft.handshakeFirst = isOn;
        draft.fallbackDelayMs = fallbackMs;
      },
      default: false,
      text:
        "For clients: the handshake comes before INFO. `auto`, or a duration: unless it has not begun in 50 ms, or that time.",
      reload: "new connections",
    }),
    rows.option({
      names: ["connection_rate_limit"],
      field: "connectionRateLimit",
      reader: rateLimit,
      default: 0,
      text: "For clients: handshakes in one second; 0 for no limit.",
      reload: "restart",
    }),
    rows.option({
      names: ["insecure"],
      field: "insecure",
      reader: tlsSwitch,
      default: false,
      text: "Where this node dials: take any certificate.",
      reload: "new connections",
    }),
    ...FOREIGN_ROWS,
  ],
  others: [{
    field: "fallbackDelayMs",
    type: "number",
    default: 0,
    text: "How long a handshake that comes first is waited for.",
    reload: "new connections",
  }],
};

/** What differs between the places of a `tls` block. */
export interface TlsPlace {
  /** The names in certificates may be compared with configured routes. */
  readonly hasKnownUrls?: boolean;
}

/** The reader of a `tls` block in one place. */
export function tlsBlock(place: TlsPlace = {}): Reader<TlsSettings> {
  return {
    kind: "map",
    type: "TlsSettings",
    written: "TlsConfig",
    read: (entry, report) => readTls(entry, place, report),
  };
}

function readTls(
  { at, value }: ConfigEntry,
  { hasKnownUrls = false }: TlsPlace,
  report: Report,
): TlsSettings | undefined {
  if (value.kind !== "map") {
    report.error(at, `Expected map to define tls, got ${goType(value)}`);
    return undefined;
  }
  const draft = defaultsOf(TLS_BLOCK);
  applyEntries(TLS_BLOCK, value, draft, report);
  const known = findEntry(value, "verify_cert_and_check_known_urls");
  if (known !== undefined && draft.checkKnownUrls && !hasKnownUrls) {
    report.error(
      known.at,
      "verify_cert_and_check_known_urls not supported in this context",
    );
  }
  for (const problem of problemsIn(draft, value)) report.error(at, problem);
  return settingsOf(draft);
}

/** What does not fit together in a block. */
function* problemsIn(draft: TlsDraft, map: ConfigMap): Iterable<string> {
  const { certFile, keyFile, cipherSuites = [] } = draft;
  if (draft.verify === "optional" && mustVerify(draft)) {
    yield "error parsing tls config, cannot combine 'verify: optional' with " +
      "options requiring client certificates";
  }
  const insecure = cipherSuites.filter((name) =>
    INSECURE_SUITES.includes(name)
  );
  if (insecure.length > 0 && !draft.mayBeInsecure) {
    yield "insecure cipher suites configured without " +
      `'allow_insecure_cipher_suites' option set: ${insecure.join(", ")}`;
  }
  if (certFile !== "" && findEntry(map, "certs", "certificates")) {
    yield "error parsing tls config, cannot combine 'cert_file' option with " +
      "'certs' option";
  }
  if (certFile !== "" && keyFile === "") {
    yield "missing 'key_file' in TLS configuration";
  }
  if (certFile === "" && keyFile !== "") {
    yield "missing 'cert_file' in TLS configuration";
  }
}

function mustVerify({ verifyAndMap, checkKnownUrls }: TlsDraft): boolean {
  return verifyAndMap || checkKnownUrls;
}

function settingsOf(draft: TlsDraft): TlsSettings {
  const { certFile, keyFile, certificates, mayBeInsecure: _, ...rest } = draft;
  const files = certFile === "" ? certificates : [{ certFile, keyFile }];
  return {
    ...rest,
    certificates: files.map((pair) => ({ ...pair, certificate: "", key: "" })),
    authorities: undefined,
    verify: mustVerify(draft) || draft.verify,
    timeoutMs: draft.timeoutMs > 0 ? draft.timeoutMs : TLS_TIMEOUT_MS,
  };
}

/** The settings of a block that says nothing. */
export function defaultTls(): TlsSettings {
  return settingsOf(defaultsOf(TLS_BLOCK));
}
