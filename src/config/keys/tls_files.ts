/**
 * What the files of `tls` blocks hold: read once, when the configuration is,
 * and checked, so that a file that is missing, or a key that does not match,
 * is told before anything listens.
 */
import type { ServerOptions } from "../../options/options.ts";
import type { TlsCertificate, TlsSettings } from "../../options/tls.ts";
import type { TlsProblems } from "../../platform/socket.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigWorld } from "../dialect/world.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import { findEntry } from "./entries.ts";

/** A `tls` block in the configuration, and where its settings are kept. */
interface TlsSite {
  /** Keys from the top level inwards, each under all its names. */
  readonly path: readonly (readonly string[])[];
  get(options: ServerOptions): TlsSettings | undefined;
  set(options: ServerOptions, tls: TlsSettings): void;
}

/** Every place where a block may stand. */
const SITES: readonly TlsSite[] = [
  {
    path: [["tls"]],
    get: ({ tls }) => tls,
    set: (options, tls) => options.tls = tls,
  },
  {
    path: [["websocket", "ws"], ["tls"]],
    get: ({ websocket }) => websocket?.tls,
    set: ({ websocket }, tls) => {
      if (websocket !== undefined) websocket.tls = tls;
    },
  },
  {
    path: [["cluster"], ["tls"]],
    get: ({ cluster }) => cluster?.tls,
    set: ({ cluster }, tls) => {
      if (cluster !== undefined) cluster.tls = tls;
    },
  },
  {
    path: [["resolver_tls"]],
    get: ({ resolverTls }) => resolverTls,
    set: (options, tls) => options.resolverTls = tls,
  },
  {
    path: [["discovery"], ["tls"]],
    get: ({ discovery }) => discovery?.tls,
    set: ({ discovery }, tls) => {
      if (discovery !== undefined) discovery.tls = tls;
    },
  },
  {
    path: [["registry"], ["tls"]],
    get: ({ registry }) => registry?.tls,
    set: ({ registry }, tls) => {
      if (registry !== undefined) registry.tls = tls;
    },
  },
];

/** Reads the files that all blocks of `options` name. */
export function readTlsFiles(
  options: ServerOptions,
  root: ConfigMap,
  world: ConfigWorld | undefined,
  report: Report,
): void {
  if (world === undefined) return;
  for (const { path, get, set } of SITES) {
    const tls = get(options);
    if (tls === undefined) continue;
    const entry = entryAt(root, path);
    // One that is wrong already needs no second complaint.
    const isWrong = report.errors.some(({ line, column, file }) =>
      entry !== undefined && line === entry.at.line &&
      column === entry.at.column && file === entry.at.source.file
    );
    if (isWrong) continue;
    const { settings, errors, warnings } = withTlsTexts(tls, world);
    const { at } = entry ?? root;
    for (const error of errors) report.error(at, error);
    for (const warning of warnings) report.warn(at, warning);
    set(options, settings);
  }
}

function entryAt(
  root: ConfigMap,
  path: readonly (readonly string[])[],
): ConfigEntry | undefined {
  let map: ConfigMap | undefined = root;
  let entry: ConfigEntry | undefined;
  for (const names of path) {
    entry = map && findEntry(map, ...names);
    map = entry?.value.kind === "map" ? entry.value : undefined;
  }
  return entry;
}

/** Settings with the texts of their files, and what is wrong with those. */
interface LoadedTls extends TlsProblems {
  readonly settings: TlsSettings;
}

/** Reads the files that `tls` names, and checks them. */
export function withTlsTexts(
  tls: TlsSettings,
  world: Pick<ConfigWorld, "readFile" | "tlsProblems">,
): LoadedTls {
  const errors: string[] = [];
  const attempt = <T>(before: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      errors.push(before + messageOf(error));
      return undefined;
    }
  };
  const { length } = tls.certificates;
  const certificates = tls.certificates.map((files, index) => {
    const which = tls.certificates.length > 1 ? ` ${index + 1}/${length}` : "";
    const before = `error parsing X509 certificate/key pair${which}: `;
    return attempt(before, () => withTexts(files, world)) ?? files;
  });
  const authorities = tls.caFile === ""
    ? undefined
    : attempt("", () => world.readFile(tls.caFile));
  if (authorities !== undefined && !hasBlock(authorities, CERTIFICATE)) {
    errors.push("failed to parse root ca certificate");
  }
  const settings = {
    ...tls,
    certificates,
    authorities: authorities === undefined ? undefined : [authorities],
  };
  if (errors.length > 0) return { settings, errors, warnings: [] };
  const found = world.tlsProblems?.({ role: "server", ...settings });
  return { settings, errors: [], warnings: [], ...found };
}

function withTexts(
  { certFile, keyFile }: TlsCertificate,
  world: Pick<ConfigWorld, "readFile">,
): TlsCertificate {
  const certificate = world.readFile(certFile);
  const key = world.readFile(keyFile);
  checkCertificate(certificate);
  checkKey(key);
  return { certFile, keyFile, certificate, key };
}

const CERTIFICATE = /^CERTIFICATE$/;
const PRIVATE_KEY = /PRIVATE KEY$/;

function checkCertificate(text: string): void {
  if (hasBlock(text, CERTIFICATE)) return;
  if (hasBlock(text, PRIVATE_KEY)) {
    throw new TypeError(
      "tls: failed to find certificate PEM data in certificate input, " +
        "but did find a private key; PEM inputs may have been switched",
    );
  }
  throw new TypeError(noBlock(text, '"CERTIFICATE" PEM block', "certificate"));
}

function checkKey(text: string): void {
  if (hasBlock(text, PRIVATE_KEY)) return;
  if (hasBlock(text, CERTIFICATE)) {
    throw new TypeError(
      "tls: found a certificate rather than a key in the PEM for the " +
        "private key",
    );
  }
  const what = 'PEM block with type ending in "PRIVATE KEY"';
  throw new TypeError(noBlock(text, what, "key"));
}

function noBlock(text: string, what: string, input: string): string {
  const others = blocksIn(text);
  return others.length === 0
    ? `tls: failed to find any PEM data in ${input} input`
    : `tls: failed to find ${what} in ${input} input after skipping ` +
      `PEM blocks of the following types: [${others.join(" ")}]`;
}

function hasBlock(text: string, kind: RegExp): boolean {
  return blocksIn(text).some((name) => kind.test(name));
}

/** The kinds of the blocks of a text in PEM. */
function blocksIn(text: string): string[] {
  return [...text.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----\s*$/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => text.includes(`-----END ${name}-----`));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
