/**
 * CONNECT read as nats-server 2.15 reads it: which fields it knows from a
 * client and from a route, and which values each of them takes.
 */
import { fieldName } from "../core/json.ts";
import type { ConnectFields } from "./info.ts";
import {
  badJson,
  type JsonField,
  jsonFields,
  readJson,
} from "./json_fields.ts";

type FieldType = "boolean" | "string" | "integer" | "permissions";

/** A client's, and all that a route may send too. */
const CLIENT_FIELDS: Readonly<Record<string, FieldType>> = {
  verbose: "boolean",
  pedantic: "boolean",
  echo: "boolean",
  tls_required: "boolean",
  user: "string",
  pass: "string",
  auth_token: "string",
  nkey: "string",
  sig: "string",
  jwt: "string",
  proxy_sig: "string",
  name: "string",
  lang: "string",
  version: "string",
  protocol: "integer",
  headers: "boolean",
  no_responders: "boolean",
  account: "string",
  new_account: "boolean",
  // These mean nothing to Midge, and have to be right all the same.
  remote_account: "string",
  import: "permissions",
  export: "permissions",
};

const ROUTE_FIELDS: Readonly<Record<string, FieldType>> = {
  ...CLIENT_FIELDS,
  cluster: "string",
  cluster_dynamic: "boolean",
  gateway: "string",
  lnoc: "boolean",
  lnocu: "boolean",
};

type FieldTypes = ReadonlyMap<string, FieldType>;

const FIELDS: Readonly<Record<"client" | "route", FieldTypes>> = {
  client: new Map(Object.entries(CLIENT_FIELDS)),
  route: new Map(Object.entries(ROUTE_FIELDS)),
};

/**
 * Reads the CONNECT of `sender` over `options`: absent fields and `null` keep
 * what was there, names match in any case, other fields are ignored. Broken
 * JSON and wrong types end the connection without an `-ERR`.
 */
export function readConnect(
  options: ConnectFields,
  buffer: Uint8Array,
  start: number,
  end: number,
  sender: keyof typeof FIELDS = "client",
): ConnectFields {
  const read: Record<string, unknown> = { ...options };
  for (const field of fieldsIn(buffer, start, end)) {
    const name = fieldName(field.name);
    const type = FIELDS[sender].get(name);
    if (type === undefined || field.value === null) continue;
    if (!fits(type, field)) throw badJson("CONNECT", `wrong type of "${name}"`);
    if (Object.hasOwn(read, name)) read[name] = field.value;
  }
  return read as unknown as ConnectFields;
}

function fieldsIn(
  buffer: Uint8Array,
  start: number,
  end: number,
): readonly JsonField[] {
  const { text, value } = readJson(buffer, start, end, "CONNECT");
  if (value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) {
    throw badJson("CONNECT", "not an object");
  }
  return jsonFields(text);
}

const INT64_MAX = 2n ** 63n - 1n;

function fits(type: FieldType, { text, value }: JsonField): boolean {
  switch (type) {
    case "integer":
      return /^-?\d+$/.test(text) && BigInt(text) <= INT64_MAX &&
        BigInt(text) >= -INT64_MAX - 1n;
    case "permissions":
      return text.startsWith("{") && jsonFields(text).every(isSubjects);
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
  }
}

/** Of permissions, `allow` and `deny` are lists of subjects. */
function isSubjects({ name, value }: JsonField): boolean {
  if (value === null || !["allow", "deny"].includes(fieldName(name))) {
    return true;
  }
  return Array.isArray(value) &&
    value.every((item) => item === null || typeof item === "string");
}
