/**
 * The bodies of requests about a server: which servers are meant, and the
 * options of the page, which become the parameters of its query.
 */
import type { Broker } from "../broker/broker.ts";
import { decodeGo, type GoField, type GoStruct } from "../core/go_json.ts";

/** Go's struct for the options of one kind of request. */
export interface RequestForm {
  readonly struct: GoStruct;
  /** The parameters of the page's query that its fields stand for, by field. */
  readonly params: Readonly<Record<string, ParamOf>>;
}

/** Undefined: the value asks for nothing. */
type Param = readonly [name: string, value: string] | undefined;
type ParamOf = (value: unknown) => Param;

/** What a request says. */
export type AskedOptions =
  | {
    readonly query: URLSearchParams;
    readonly values: Readonly<Record<string, unknown>>;
  }
  | { readonly error: string };

const FILTERS: Readonly<Record<string, GoField["kind"]>> = {
  server_name: "string",
  cluster: "string",
  host: "string",
  exact_match: "bool",
  tags: "strings",
  domain: "string",
};

/** A field by its name: what it takes, the parameter that it becomes, if it is one, and Go's name of its type. */
export type RequestFields = Readonly<
  Record<
    string,
    readonly [
      GoField["kind"],
      param?: string | ParamOf | undefined,
      type?: string,
    ]
  >
>;

/** `Name` of `ConnzEventOptions` is `Connz`; its options are fields of `ConnzOptions`. */
export function requestForm(name: string, options: RequestFields): RequestForm {
  const struct = `${name}EventOptions`;
  const fields: Record<string, GoField> = {};
  const params: Record<string, ParamOf> = {};
  for (const [field, [kind, param, type]] of Object.entries(options)) {
    const path = `${name}Options.${field}`;
    fields[field] = { kind, path, ...(type !== undefined && { type }) };
    if (typeof param === "string") {
      params[field] = (value) => [param, String(value)];
    } else if (param !== undefined) params[field] = param;
  }
  for (const [field, kind] of Object.entries(FILTERS)) {
    fields[field] = { kind, path: `EventFilterOptions.${field}` };
  }
  return { struct: { name: struct, fields }, params };
}

export function readAsked(text: string, form: RequestForm): AskedOptions {
  const query = new URLSearchParams();
  if (text === "") return { query, values: {} };
  const decoded = decodeGo(text, form.struct);
  if ("error" in decoded) return decoded;
  for (const [field, paramOf] of Object.entries(form.params)) {
    const param = Object.hasOwn(decoded.values, field)
      ? paramOf(decoded.values[field])
      : undefined;
    if (param !== undefined) query.set(...param);
  }
  return { query, values: decoded.values };
}

/** Whether this server is one of those that a request means; the others stay silent. */
export function isMeant(
  values: Readonly<Record<string, unknown>>,
  { identity, options, host }: Broker,
): boolean {
  const isExact = values["exact_match"] === true;
  const fits = (field: string, own: string): boolean => {
    const wanted = values[field];
    if (typeof wanted !== "string" || wanted === "") return true;
    return isExact ? own === wanted : own.includes(wanted);
  };
  const tags = values["tags"];
  const hasTags = !Array.isArray(tags) ||
    tags.every((tag) => options.serverTags.includes(String(tag).toLowerCase()));
  return fits("server_name", identity.name) &&
    fits("cluster", host.info.clusterName()) &&
    fits("host", options.host) &&
    fits("domain", "") && hasTags;
}
