/** Users: those of `authorization`, and those of an account. */
import { isPublicKey } from "../../core/key_text.ts";
import type {
  ConnectionType,
  PermissionsOptions,
  UserOptions,
} from "../../options/options.ts";
import { finishSteps, forEachInSteps, type Steps } from "../../core/steps.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { described, goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { permissions, PERMISSIONS_BLOCK } from "./permission_keys.ts";
import { boolean, checkedString, type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";

const CONNECTION_TYPES: readonly ConnectionType[] = [
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
];

/** Kinds of connection, in any case; an empty list leaves all of them. */
const connectionTypes: Reader<ConnectionType[]> = {
  kind: "kind of connection or list of them",
  type: "ConnectionType[]",
  written: "string | readonly string[]",
  read({ at, value }, report) {
    const items = value.kind === "array" ? value.items : [value];
    const names = items.map((item) => typeName(item, value, report));
    const known = names.map((name) =>
      CONNECTION_TYPES.find((type) => type === name)
    ).filter((type) => type !== undefined);
    const unknown = names.filter((name) =>
      name !== undefined && !CONNECTION_TYPES.some((type) => type === name)
    );
    if (unknown.length > 0) {
      const list = unknown.map((name) => quote(name ?? "")).join(" ");
      report.error(at, `invalid connection types [${list}]`);
    }
    return known.length === 0 ? undefined : known;
  },
};

function typeName(
  item: ConfigValue,
  list: ConfigValue,
  report: Report,
): string | undefined {
  if (item.kind === "string") return item.value.toUpperCase();
  const where = item === list ? "" : "[in array] ";
  report.error(
    item.at,
    `error parsing allowed connection types: unsupported type ${where}${
      goType(item)
    }`,
  );
  return undefined;
}

const userKey = checkedString((text) =>
  isPublicKey(text, "U") ? undefined : "Not a valid public nkey for a user"
);

/** A user whose name may be missing yet. */
type UserDraft = Partial<UserOptions>;

const rows = rowsOf<UserDraft>();

/** An entry of `users`. */
export const USER_BLOCK: Block<UserDraft> = {
  place: "an entry of `users`",
  types: {
    options: "UserOptions",
    optionsText: "",
    isByHand: true,
    config: "UserConfig",
    configText: "One of the `users`: `user` and `password`, or `nkey`.",
  },
  keys: [
    rows.option({
      names: ["user", "username"],
      field: "user",
      reader: string,
      default: "",
      text: "The name that the client logs in with.",
      reload: "now",
    }),
    rows.option({
      names: ["password", "pass"],
      field: "password",
      reader: string,
      default: "",
      text: "Its password, in clear or as a bcrypt hash.",
      reload: "now",
    }),
    rows.option({
      names: ["nkey"],
      field: "nkey",
      reader: userKey,
      text:
        "The public key that it logs in with, in place of name and password.",
      reload: "now",
    }),
    rows.option({
      names: ["permissions", "permission", "authorization"],
      field: "permissions",
      inner: PERMISSIONS_BLOCK,
      reader: permissions,
      text: "What it may publish and subscribe to; everything unless set.",
      reload: "now",
    }),
    rows.option({
      names: ["allowed_connection_types", "connection_types", "clients"],
      field: "connectionTypes",
      reader: connectionTypes,
      text: "The kinds of connection that it may come by; all unless set.",
      reload: "now",
    }),
    rows.option({
      names: ["proxy_required"],
      field: "proxyRequired",
      reader: boolean,
      text: "It has to come through one of the `proxies`.",
      reload: "now",
    }),
  ],
};

/** A list of users; those that make no sense are left out. */
export const users: Reader<UserOptions[]> = {
  kind: "list of users",
  type: "UserOptions[]",
  written: "readonly UserConfig[]",
  read: (entry, report) => finishSteps(usersInSteps(entry, report)),
  readInSteps: usersInSteps,
};

/** Users that take as long to read as a step. */
const USERS_PER_STEP = 128;

function* usersInSteps(
  { at, value }: ConfigEntry,
  report: Report,
): Steps<UserOptions[] | undefined> {
  if (value.kind !== "array") {
    const got = described(value);
    report.error(at, `Expected users field to be an array, got ${got}`);
    return undefined;
  }
  const list: UserOptions[] = [];
  yield* forEachInSteps(value.items, USERS_PER_STEP, (item) => {
    const user = readUser(item, report);
    if (user !== undefined) list.push(user);
  });
  return list;
}

function readUser(item: ConfigValue, report: Report): UserOptions | undefined {
  if (item.kind !== "map") {
    report.error(
      item.at,
      `Expected user entry to be a map/struct, got ${described(item)}`,
    );
    return undefined;
  }
  const user = defaultsOf(USER_BLOCK) as UserOptions;
  applyEntries(USER_BLOCK, item, user, report);
  return checkName(user, item, report) ? user : undefined;
}

function checkName(
  { user, password, nkey }: UserOptions,
  item: ConfigMap,
  report: Report,
): boolean {
  const keyEntry = findEntry(item, "nkey");
  if (keyEntry !== undefined) {
    if (user === "" && password === "") return nkey !== undefined;
    report.error(keyEntry.at, "Nkey users do not take usernames or passwords");
    return false;
  }
  if (user !== "") return true;
  // A name that is refused needs no second complaint.
  const name = findEntry(item, "user", "username")?.value;
  if (name === undefined || name.kind === "string") {
    report.error(item.at, "User entry requires a user");
  }
  return false;
}

/** Says of each of the `users` of `maps` that came before that it is there twice. */
export function* reportDuplicateUsers(
  maps: Iterable<ConfigMap>,
  report: Report,
): Steps<void> {
  const seen = { user: new Set<string>(), nkey: new Set<string>() };
  // A map may be read anew whenever it is looked into, so none is kept.
  yield* forEachInSteps(usersOf(maps), USERS_PER_STEP, (item) => {
    if (item?.kind !== "map") return;
    const key = findEntry(item, "nkey");
    const entry = key ?? findEntry(item, "user", "username");
    if (entry?.value.kind !== "string") return;
    const kind = key === undefined ? "user" : "nkey";
    const name = entry.value.value;
    if (seen[kind].has(name)) {
      report.error(entry.at, `Duplicate ${kind} ${quote(name)} detected`);
    }
    seen[kind].add(name);
  });
}

/** All users, and something for each map that has none: it takes time as well. */
function* usersOf(
  maps: Iterable<ConfigMap>,
): Generator<ConfigValue | undefined> {
  for (const map of maps) {
    const list = findEntry(map, "users")?.value;
    yield undefined;
    if (list?.kind === "array") yield* list.items;
  }
}

/** The users, each with `permissions` unless it has its own. */
export function withPermissions(
  users: readonly UserOptions[],
  permissions: PermissionsOptions | undefined,
): readonly UserOptions[] {
  return permissions === undefined
    ? users
    : users.map((user) => ({ permissions, ...user }));
}
