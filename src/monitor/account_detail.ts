/**
 * What `/accountz` tells of one account: what it offers to others, takes from
 * them, and maps.
 */
import type {
  ExportOptions,
  ImportOptions,
  MappingOptions,
} from "../options/options.ts";
import { unlessEmpty } from "./fields.ts";
import type {
  AccountInfo,
  ExportRow,
  ImportRow,
  MapRow,
} from "./page_types.ts";
import type { AccountFacts } from "./snapshot.ts";
import { sublistFields } from "./subsz.ts";
import { timeText } from "./text.ts";

const RESPONSE_TYPES = {
  singleton: "Singleton",
  stream: "Streamed",
  chunked: "Chunked",
} as const;

export function accountDetail(
  { name, clients, lookUp, mappings, exports, imports }: AccountFacts,
  startedAt: number,
  systemAccount: string,
): AccountInfo {
  return {
    account_name: name,
    update_time: timeText(startedAt),
    is_system: name === systemAccount || undefined,
    expired: false,
    complete: true,
    jetstream_enabled: false,
    leafnode_connections: 0,
    client_connections: clients,
    subscriptions: lookUp.subscriptions,
    mappings: mappingRows(mappings),
    exports: unlessEmpty(exports.map(exportRow)),
    imports: unlessEmpty(imports.map(importRow)),
    name_tag: name,
    sublist_stats: sublistFields([lookUp]),
  };
}

function mappingRows(
  mappings: readonly MappingOptions[],
): Record<string, MapRow[]> | undefined {
  if (mappings.length === 0) return undefined;
  return Object.fromEntries(mappings.map(({ source, destinations }) => [
    source,
    destinations.map(({ subject, weight, cluster }) => ({
      subject,
      weight,
      cluster: unlessEmpty(cluster),
    })),
  ]));
}

function exportRow(offered: ExportOptions): ExportRow {
  const { kind, subject, accountTokenPosition } = offered;
  const service = kind === "service" ? offered : undefined;
  return {
    subject,
    type: kind,
    token_req: offered.tokenRequired || undefined,
    response_type: service && RESPONSE_TYPES[service.response],
    service_latency: service?.latency && {
      sampling: service.latency.sampling,
      results: service.latency.subject,
    },
    account_token_position: unlessEmpty(accountTokenPosition),
    approved_accounts: offered.accounts && unlessEmpty([...offered.accounts]),
  };
}

function importRow(taken: ImportOptions): ImportRow {
  const { kind, subject, account, local } = taken;
  return {
    subject,
    account,
    // NATS monitoring: only a service has its own subject twice.
    to: kind === "service" ? local : undefined,
    local_subject: kind === "service" ? local : patternOf(local),
    type: kind,
    invalid: false,
    share: kind === "service" && taken.share,
    tracking: false,
  };
}

/** `t.$1` matches what `t.*` does. */
function patternOf(local: string): string {
  return local.replace(/\$\d+/g, "*");
}
