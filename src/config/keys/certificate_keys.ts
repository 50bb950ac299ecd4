/** The certificates in the `certs` of a `tls` block, one map each. */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigValue } from "../dialect/tree.ts";
import { goType } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries } from "./entries.ts";
import type { Reader } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";
import { tlsFile } from "./tls_readers.ts";

/** The files of one certificate. */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

const CERTIFICATES = "error parsing certificates config";

const pairRows = rowsOf<CertificateFiles>();

const pairFile: Reader<string> = {
  ...tlsFile,
  read({ at, value }, report) {
    if (value.kind === "string") return value.value;
    report.error(at, `${CERTIFICATES}: unsupported type ${goType(value)}`);
    return undefined;
  },
};

/** An entry of `certs`. */
export const CERTIFICATE_BLOCK: Block<CertificateFiles> = {
  place: "an entry of `certs`",
  unknownField: (name) =>
    `error parsing tls certs config, unknown field ${name}`,
  types: {
    options: "TlsCertificate",
    optionsText: "",
    isByHand: true,
    config: "TlsCertificateConfig",
    configText: "One of several certificates.",
  },
  keys: [
    pairRows.option({
      names: ["cert_file"],
      field: "certFile",
      reader: pairFile,
      default: "",
      isRequired: true,
      text: "The certificate, and behind it those that vouch for it.",
      reload: "new connections",
    }),
    pairRows.option({
      names: ["key_file"],
      field: "keyFile",
      reader: pairFile,
      default: "",
      isRequired: true,
      text: "Its key.",
      reload: "new connections",
    }),
  ],
};

/** The list of them. */
export const certificates: Reader<CertificateFiles[]> = {
  kind: "list of maps",
  type: "TlsCertificate[]",
  written: "readonly TlsCertificateConfig[]",
  read({ at, value }, report) {
    if (value.kind === "array") {
      return value.items.flatMap((item) => certificateOf(item, report) ?? []);
    }
    // As nats-server words it, whatever the value is.
    report.error(
      at,
      `${CERTIFICATES}: unsupported type map[string]interface {}`,
    );
    return undefined;
  },
};

function certificateOf(
  item: ConfigValue,
  report: Report,
): CertificateFiles | undefined {
  if (item.kind !== "map") {
    report.error(item.at, `${CERTIFICATES}: unsupported type ${goType(item)}`);
    return undefined;
  }
  const before = report.errors.length;
  const files = defaultsOf(CERTIFICATE_BLOCK);
  applyEntries(CERTIFICATE_BLOCK, item, files, report);
  if (report.errors.length > before) return undefined;
  if (files.certFile !== "" && files.keyFile !== "") return files;
  const first = [...item.entries.values()][0];
  report.error(
    first?.at ?? item.at,
    `${CERTIFICATES}: both 'cert_file' and 'cert_key' options are required`,
  );
  return undefined;
}
