/**
 * Keys in the form of nkeys: Ed25519 for signatures, X25519 for what is sealed.
 * The one file that knows the package.
 */
export { fromSeed } from "@nats-io/nkeys";
