/** Keys of the top level that nats-server has and Midge has not, or not yet. */
import { notSupported } from "./complaints.ts";
import { findEntry } from "./entries.ts";
import { notYet, withoutEffect } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";

// A block turns JetStream on, unlike the blocks of the others, unless it says
// that it is not enabled.
const offJetstream = notYet(["jetstream"], "now");
const jetstream: ConfigKey<unknown> = {
  ...offJetstream,
  apply(options, entry, report) {
    const { value } = entry;
    const isOn = value.kind === "map" &&
      findEntry(value, "enabled", "enable") === undefined;
    if (isOn) report.error(entry.at, notSupported(entry));
    else offJetstream.apply(options, entry, report);
  },
};

/** What has nothing to act on, and what is refused. */
export const MISSING_KEYS: readonly ConfigKey<unknown>[] = [
  withoutEffect(
    ["prof_port", "prof_block_rate"],
    "Midge has no Go profiler",
    "restart",
  ),
  withoutEffect(["allow_non_tls"], "Midge's clients never use TLS", "restart"),
  withoutEffect(
    ["store_dir", "storedir", "default_js_domain"],
    "Midge has no JetStream",
    "restart",
  ),
  withoutEffect(["ocsp_cache"], "Midge has no TLS", "now"),

  notYet(["feature_flags"], "restart"),
  notYet(["gateway"], "restart"),
  notYet(["https", "https_port"], "restart"),
  jetstream,
  notYet(["leafnodes", "leaf"], "now"),
  notYet(["mqtt"], "restart"),
  notYet(["ocsp"], "now"),
  notYet(["proxy_protocol"], "restart"),
  notYet(["remote_syslog"], "now"),
  notYet(["server_metadata"], "now"),
  notYet(["syslog"], "now"),
  notYet(["tls"], "new connections"),
  notYet(["trace_headers"], "now"),
  notYet(["websocket", "ws"], "restart"),
];
