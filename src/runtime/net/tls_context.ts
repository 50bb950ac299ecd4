/**
 * What `node:tls` is told of an upgrade: certificates, versions, suites and
 * curves, and whether the runtime can do what is asked for. Deno's TLS takes no
 * list of suites or curves, and says nothing of one that it is given, so a list
 * that it would not keep to is refused here.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type {
  CertifiedKey,
  TlsProblems,
  TlsUpgrade,
} from "../../platform/socket.ts";
import { runtimeName } from "../process/system.ts";
import { tlsModule } from "./tls_module.ts";
import {
  DENO_CURVES,
  DENO_SUITES,
  NEW_SUITES,
  opensslCurve,
  opensslSuite,
  SAFE_SUITES,
} from "./tls_names.ts";

/** The options of a context for `tls`, with its first certificate or `own`. */
export function contextOptions(
  tls: TlsUpgrade,
  own: CertifiedKey | undefined = tls.certificates?.[0],
): SecureContextOptions {
  const { role, authorities, minVersion, curves } = tls;
  const { cipherSuites = role === "server" ? SAFE_SUITES : undefined } = tls;
  return {
    ...(own !== undefined && { cert: own.certificate, key: own.key }),
    ...(authorities !== undefined && { ca: [...authorities] }),
    ...(minVersion !== undefined && { minVersion }),
    ...(cipherSuites !== undefined && { ciphers: cipherList(cipherSuites) }),
    ...(curves !== undefined && {
      ecdhCurve: curves.map(opensslCurve).filter(hasCurve).join(":"),
    }),
  };
}

function cipherList(suites: readonly string[]): string {
  const old = suites.flatMap((name) => opensslSuite(name) ?? [])
    .filter(hasCipher);
  return [...NEW_SUITES, ...old].join(":");
}

function hasCipher(ciphers: string): boolean {
  return isPossible({ ciphers });
}

function hasCurve(ecdhCurve: string): boolean {
  return isPossible({ ecdhCurve });
}

function isPossible(options: SecureContextOptions): boolean {
  try {
    tlsModule().createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}

const isDeno = "Deno" in globalThis;

/** What is wrong with the settings, or cannot be done on this runtime. */
export function tlsProblems(tls: TlsUpgrade): TlsProblems {
  const { certificates = [], cipherSuites, curves } = tls;
  const errors = certificates.flatMap((pair, index) => {
    const problem = pairProblem(pair);
    const which = certificates.length > 1
      ? ` ${index + 1}/${certificates.length}`
      : "";
    return problem === undefined
      ? []
      : [`error parsing X509 certificate/key pair${which}: ${problem}`];
  });
  const warnings: string[] = [];
  const suites = cipherSuites?.filter((name) => !NEW_SUITES.includes(name));
  const isChosen = tls.minVersion !== "TLSv1.3" && suites !== undefined;
  const choices = [
    ...(isChosen ? [suiteChoice(suites)] : []),
    ...(curves === undefined ? [] : [curveChoice(curves)]),
  ];
  for (const choice of choices) judge(choice, errors, warnings);
  return { errors, warnings };
}

function pairProblem({ certificate, key }: CertifiedKey): string | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch {
    return "x509: malformed certificate";
  }
  try {
    // What the runtime says of a key that it cannot read may hold some of it.
    return parsed.checkPrivateKey(createPrivateKey(key))
      ? undefined
      : "tls: private key does not match public key";
  } catch {
    return "tls: failed to parse private key";
  }
}

/** A list of names, of which a runtime has some, or all of its own in any case. */
interface Choice {
  readonly key: string;
  readonly wanted: readonly string[];
  /** What Deno has. */
  readonly fixed: readonly string[];
  has(name: string): boolean;
}

function suiteChoice(wanted: readonly string[]): Choice {
  return {
    key: "cipher_suites",
    wanted,
    fixed: DENO_SUITES,
    has: (name) => hasCipher(opensslSuite(name) ?? ""),
  };
}

function curveChoice(wanted: readonly string[]): Choice {
  return {
    key: "curve_preferences",
    wanted,
    fixed: DENO_CURVES,
    has: (name) => hasCurve(opensslCurve(name)),
  };
}

function judge(
  { key, wanted, fixed, has }: Choice,
  errors: string[],
  warnings: string[],
): void {
  const runtime = runtimeName();
  if (isDeno) {
    const kept = fixed.filter((name) => !wanted.includes(name));
    if (kept.length > 0) {
      errors.push(
        `'${key}' cannot be limited on ${runtime}: it also uses ` +
          kept.join(", "),
      );
    }
  }
  const missing = wanted.filter((name) =>
    isDeno ? !fixed.includes(name) : !has(name)
  );
  if (missing.length === 0) return;
  const text = `'${key}': ${runtime} has no ${missing.join(", ")}`;
  if (missing.length === wanted.length) errors.push(text);
  else warnings.push(text);
}
