/** How a peer of a talk logs in, in few words. */
import { connect } from "./conversation.ts";

/** What a client library says of itself. */
const LIBRARY = { headers: true, no_responders: true, protocol: 1 };

/**
 * CONNECT for nothing, `user password`, `nkey NAME` of a key, `jwt NAME` of a
 * token and a key of this name, or fields as JSON.
 */
export function loginLine(words: string): string {
  if (words.startsWith("{")) return line(JSON.parse(words));
  const [one, two, three] = words.split(" ");
  if (one === undefined || one === "") return line({});
  if (one === "nkey") {
    return line({ nkey: `<<public ${two}>>`, sig: `<<sig ${two}>>` });
  }
  if (one === "jwt") {
    return line({ jwt: `<<jwt ${two}>>`, sig: `<<sig ${three ?? two}>>` });
  }
  return line({ user: one, ...(two !== undefined && { pass: two }) });
}

function line(fields: Readonly<Record<string, unknown>>): string {
  return connect({ ...LIBRARY, ...fields });
}
