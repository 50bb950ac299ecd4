/**
 * Midge: a NATS-compatible message broker, cluster, configuration parser and
 * client. Everything public, by name.
 *
 * @module
 */
export * from "./src/faces/mod.ts";
