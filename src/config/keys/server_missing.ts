/** Keys of the top level that nats-server has and Midge has not, or not yet. */
import {
  GATEWAY_SHAPE,
  LEAFNODES_SHAPE,
  MQTT_SHAPE,
  OCSP_SHAPE,
} from "./missing_shapes.ts";
import { missing, withoutEffect } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";

/** What has nothing to act on. */
export const MISSING_KEYS: readonly ConfigKey<unknown>[] = [
  withoutEffect(
    ["prof_port", "prof_block_rate"],
    "Midge has no Go profiler",
    "restart",
  ),
  withoutEffect(
    ["default_js_domain"],
    "Midge has no leaf nodes",
    "restart",
  ),
  withoutEffect(["ocsp_cache"], "Midge has no OCSP", "now"),

  missing(["feature_flags"], { name: "feature flags" }, "restart"),
  missing(["gateway"], { name: "gateways", shape: GATEWAY_SHAPE }, "restart"),
  missing(["leafnodes", "leaf"], {
    name: "leaf nodes",
    shape: LEAFNODES_SHAPE,
  }, "now"),
  missing(["mqtt"], { name: "MQTT", shape: MQTT_SHAPE }, "restart"),
  missing(["ocsp"], { name: "OCSP", shape: OCSP_SHAPE }, "now"),
  missing(["remote_syslog"], { name: "syslog" }, "now"),
  missing(["syslog"], { name: "syslog" }, "now"),
  missing(["server_metadata"], { name: "metadata of servers" }, "now"),
  missing(["trace_headers"], { name: "trace of headers alone" }, "now"),
];
