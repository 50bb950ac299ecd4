/**
 * Which of the servers that others named may be dialled. A registry, a DNS zone
 * or a file can be written by others, who could send us anywhere; so what was
 * found must be on the allow-list and belong to our cluster, and gets no password
 * in clear. Servers that the user named, and what those tell of their cluster,
 * are believed.
 */
import type { ServerInfo } from "../../wire/info.ts";
import { AllowList } from "./allow.ts";
import type { Authenticator } from "../api/options.ts";
import type { SearchOptions } from "./options.ts";
import type { PoolServer } from "./pool_server.ts";
import type { SkipReason } from "../api/servers.ts";

/** nats-server calls a cluster without a name by a word like this; the next one has another. */
const MADE_UP_NAME = /^[0-9A-Za-z]{22}$/;

export class Admission {
  readonly #options: SearchOptions;
  readonly #allow: AllowList | undefined;
  /** Empty: any cluster will do. */
  #cluster: string;
  #mayLearnCluster: boolean;
  readonly #hasSecrets: boolean;

  /** Throws `InvalidArgumentError` for an allow-list that makes no sense. */
  constructor(options: SearchOptions, named: readonly PoolServer[]) {
    const { allow, cluster } = options.discoveryPolicy;
    this.#options = options;
    this.#allow = allow === undefined ? undefined : new AllowList(allow);
    this.#cluster = cluster ?? "";
    this.#mayLearnCluster = cluster === undefined;
    this.#hasSecrets = isSecret(options) ||
      named.some(({ credentials }) => isSecret(credentials ?? {})) ||
      options.authenticators.some(tellsSecret);
  }

  /** Undefined: it may be dialled. */
  refusal(server: PoolServer): SkipReason | undefined {
    if (server.isTrusted) return undefined;
    if (this.#allow?.allowsHost(server.host) === false) return "allow-list";
    if (!this.#isOurs(server.cluster ?? "")) return "cluster";
    const hasSecrets = this.#hasSecrets || isSecret(server.credentials ?? {});
    return hasSecrets && !this.#isGuarded(server) ? "password" : undefined;
  }

  /** Whether one of the addresses behind a server's name may be dialled. */
  allowsAddress(server: PoolServer, address: string): boolean {
    return server.isTrusted || this.#allow === undefined ||
      this.#allow.allowsName(server.host) || this.#allow.allowsAddress(address);
  }

  /** Whether a server that let us in is one of our cluster's. */
  belongs(server: PoolServer, info: ServerInfo): boolean {
    return server.isTrusted || this.#isOurs(info.cluster ?? "");
  }

  /**
   * The first cluster that we are in is ours from then on, unless its name is
   * made up and goes with its nodes. True if that was settled now.
   */
  learnCluster({ cluster = "", cluster_dynamic }: ServerInfo): boolean {
    const isName = cluster !== "" && cluster_dynamic !== true &&
      !MADE_UP_NAME.test(cluster);
    if (!this.#mayLearnCluster || !isName) return false;
    this.#mayLearnCluster = false;
    this.#cluster = cluster;
    return true;
  }

  #isOurs(cluster: string): boolean {
    return this.#cluster === "" || cluster === "" || cluster === this.#cluster;
  }

  /** What is sent to it cannot be read by others, and it can prove its name. */
  #isGuarded(server: PoolServer): boolean {
    const { tls, refusesTls, discoveryPolicy } = this.#options;
    if (discoveryPolicy.trustWithPasswords === true) return true;
    const isTls = server.tls || tls !== undefined;
    return isTls && !refusesTls && tls?.rejectUnauthorized !== false;
  }
}

interface Identity {
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly token?: string | undefined;
}

function isSecret({ user, pass, token }: Identity): boolean {
  return (user ?? pass ?? token) !== undefined;
}

/** Whether it would say a password rather than sign. One that cannot be tried is not trusted. */
function tellsSecret(authenticator: Authenticator): boolean {
  try {
    const { user, pass, auth_token, jwt, nkey } = authenticator("");
    // A JWT that goes without a key can be used by anybody who has it.
    const bearer = nkey === undefined ? jwt : undefined;
    return (user ?? pass ?? auth_token ?? bearer) !== undefined;
  } catch {
    return true;
  }
}
