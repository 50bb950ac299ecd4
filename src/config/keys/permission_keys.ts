/**
 * Permissions: of a user, of the users of an account that have none, of those
 * of `authorization`. An empty list is no list: it allows everything, as in
 * nats-server, and is worth a warning.
 */
import { isValidConfigSubject, isValidSubject } from "../../core/subject.ts";
import type {
  PermissionsOptions,
  ResponseRules,
  SubjectRules,
} from "../../options/options.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { described, goType, quote } from "./complaints.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { boolean, integer, type Reader } from "./readers.ts";
import { durationProblem, parseDuration } from "../../core/duration.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Writable } from "./schema.ts";

type RulesDraft = Writable<SubjectRules>;
type ResponsesDraft = Writable<ResponseRules>;
type PermissionsDraft = Writable<PermissionsOptions>;

/** NATS: replies per request, and how long they may take, unless stated. */
const RESPONSES: ResponseRules = { maxMessages: 1, expiresMs: 120_000 };

/** Checks a subject of a list; gives it as it is kept. */
type SubjectCheck = (
  text: string,
  at: Position,
  report: Report,
) => string | undefined;

function publishSubject(
  text: string,
  at: Position,
  report: Report,
): string | undefined {
  if (isValidConfigSubject(text)) return text;
  report.error(at, `subject ${quote(text)} is not a valid subject`);
  return undefined;
}

/** A subject, or a subject and a queue group. */
function subscribeSubject(
  text: string,
  at: Position,
  report: Report,
): string | undefined {
  const [subject = "", queue, ...more] = text.trim().split(/\s+/);
  if (!isValidSubject(subject) || more.length > 0) {
    const wrong = more.length > 0 ? text : subject;
    report.error(at, `subject ${quote(wrong)} is not a valid subject`);
    return undefined;
  }
  if (queue === undefined) return subject;
  if (isValidSubject(queue)) return `${subject} ${queue}`;
  report.error(at, `queue ${quote(queue)} is not a valid queue`);
  return undefined;
}

/** The subjects of a list, or one alone. */
function readSubjects(
  { at, value }: ConfigEntry,
  check: SubjectCheck,
  report: Report,
): string[] {
  if (value.kind === "string") return present([check(value.value, at, report)]);
  if (value.kind === "array") {
    return present(
      value.items.map((item) => readSubject(item, check, report)),
    );
  }
  report.error(
    at,
    "Expected subject permissions to be a subject, or array of subjects, " +
      `got ${goType(value)}`,
  );
  return [];
}

function readSubject(
  item: ConfigValue,
  check: SubjectCheck,
  report: Report,
): string | undefined {
  if (item.kind === "string") return check(item.value, item.at, report);
  report.error(
    item.at,
    "Subject in permissions array cannot be cast to string",
  );
  return undefined;
}

function present(subjects: (string | undefined)[]): string[] {
  return subjects.filter((subject) => subject !== undefined);
}

/** A list of subjects with the name of its key; an empty one is left out. */
function subjectList(check: SubjectCheck): Reader<readonly string[]> {
  return {
    kind: "subject or list of subjects",
    type: "string[]",
    written: "string | readonly string[]",
    read(entry, report) {
      const subjects = readSubjects(entry, check, report);
      return subjects.length === 0 ? undefined : subjects;
    },
  };
}

function rulesBlock(check: SubjectCheck): Block<RulesDraft> {
  const rows = rowsOf<RulesDraft>();
  return {
    place: "`publish` or `subscribe`",
    unknownField: (name) =>
      `Unknown field name ${name} parsing subject permissions, ` +
      "only 'allow' or 'deny' are permitted",
    types: {
      options: "SubjectRules",
      optionsText: "",
      isByHand: true,
      config: "SubjectRulesConfig",
      configText: "What is allowed, and what is not all the same.",
    },
    keys: [
      rows.option({
        names: ["allow"],
        field: "allow",
        reader: subjectList(check),
        text: "What is allowed; everything unless set.",
        reload: "now",
      }),
      rows.option({
        names: ["deny"],
        field: "deny",
        reader: subjectList(check),
        text: "What is not allowed, whatever `allow` says.",
        reload: "now",
      }),
    ],
  };
}

const PUBLISH_RULES = rulesBlock(publishSubject);
/** Its texts hold for both directions. */
export const SUBJECT_RULES_BLOCK: Block<RulesDraft> = rulesBlock(
  subscribeSubject,
);

function subjectRules(
  block: Block<RulesDraft>,
  check: SubjectCheck,
): Reader<SubjectRules> {
  return {
    kind: "subject, list of subjects, or map",
    type: "SubjectRules",
    written: "string | readonly string[] | SubjectRulesConfig",
    read(entry, report) {
      if (entry.value.kind !== "map") {
        const allow = readSubjects(entry, check, report);
        return allow.length === 0 ? {} : { allow };
      }
      const rules: RulesDraft = {};
      applyEntries(block, entry.value, rules, report);
      return rules;
    },
  };
}

const responseRows = rowsOf<ResponsesDraft>();

const expiry: Reader<number> = {
  kind: "duration",
  type: "number",
  written: "string",
  unit: "ms",
  read({ at, value }, report) {
    if (value.kind !== "string") {
      report.error(at, "error parsing expires, not a duration string");
      return undefined;
    }
    const ms = parseDuration(value.value);
    if (ms === undefined) {
      const why = durationProblem(value.value);
      report.error(at, `error parsing expires: ${why}`);
    }
    return ms || undefined;
  },
};

const unlessNone: Reader<number> = {
  ...integer(),
  read: (entry, report) => integer().read(entry, report) || undefined,
};

/** How far the replies of a user reach. */
export const RESPONSES_BLOCK: Block<ResponsesDraft> = {
  place: "`allow_responses`",
  unknownField: (name) => `Unknown field ${name} parsing permissions`,
  types: {
    options: "ResponseRules",
    optionsText: "",
    isByHand: true,
    config: "ResponsesConfig",
    configText: "How many replies a user may send to a request, and when.",
  },
  keys: [
    responseRows.option({
      names: ["max", "max_msgs", "max_messages", "max_responses"],
      field: "maxMessages",
      reader: unlessNone,
      default: RESPONSES.maxMessages,
      text: "Replies to one request; negative for no limit.",
      reload: "now",
    }),
    responseRows.option({
      names: ["expires", "expiration", "ttl"],
      field: "expiresMs",
      reader: expiry,
      default: RESPONSES.expiresMs,
      unit: "ms",
      text: "How long after the request; negative for ever.",
      reload: "now",
    }),
  ],
};

/** `true`, `false` or the rules; `none` for false. */
const responses: Reader<ResponseRules | "none"> = {
  kind: "boolean or map",
  type: "ResponseRules",
  written: "boolean | ResponsesConfig",
  read(entry, report) {
    const { at, value } = entry;
    if (value.kind === "map") {
      const rules: ResponsesDraft = { ...RESPONSES };
      applyEntries(RESPONSES_BLOCK, value, rules, report);
      return rules;
    }
    if (value.kind !== "boolean") {
      report.error(
        at,
        "error parsing response permissions, expected a boolean or a map",
      );
      return undefined;
    }
    return boolean.read(entry, report) ? RESPONSES : "none";
  },
};

const rows = rowsOf<PermissionsDraft>();

/** What a user may publish and subscribe to. */
export const PERMISSIONS_BLOCK: Block<PermissionsDraft> = {
  place: "`permissions`",
  unknownField: (name) => `Unknown field ${name} parsing permissions`,
  types: {
    options: "PermissionsOptions",
    optionsText: "",
    isByHand: true,
    config: "PermissionsConfig",
    configText: "What a user may do. What is absent is allowed.",
  },
  keys: [
    rows.option({
      names: ["publish", "pub", "import"],
      field: "publish",
      reader: subjectRules(PUBLISH_RULES, publishSubject),
      text: "What it may publish.",
      reload: "now",
    }),
    rows.option({
      names: ["subscribe", "sub", "export"],
      field: "subscribe",
      reader: subjectRules(SUBJECT_RULES_BLOCK, subscribeSubject),
      text:
        "What it may subscribe to: a subject, or a subject and a queue group.",
      reload: "now",
    }),
    rows.key({
      names: ["allow_responses", "publish_allow_responses"],
      field: "responses",
      reader: responses,
      set(permissions, rules) {
        if (rules === "none") delete permissions.responses;
        else permissions.responses = rules;
      },
      text:
        "Whether it may reply to what it is sent, and publish nothing else unless allowed.",
      reload: "now",
    }),
  ],
};

/** Reads permissions. Undefined when they are no map. */
export const permissions: Reader<PermissionsOptions> = {
  kind: "map",
  type: "PermissionsOptions",
  written: "PermissionsConfig",
  read({ at, value }, report) {
    if (value.kind !== "map") {
      report.error(
        at,
        `Expected permissions to be a map/struct, got ${described(value)}`,
      );
      return undefined;
    }
    const draft: PermissionsDraft = {};
    applyEntries(PERMISSIONS_BLOCK, value, draft, report);
    restrictToResponses(draft);
    warnOfEmptyLists(draft, value, report);
    return draft;
  },
};

/** NATS: who may reply may publish nothing else, unless there is a list of it. */
function restrictToResponses(draft: PermissionsDraft): void {
  if (draft.responses === undefined || draft.publish?.allow) return;
  draft.publish = { ...draft.publish, allow: [] };
}

function warnOfEmptyLists(
  draft: PermissionsDraft,
  map: ConfigMap,
  report: Report,
): void {
  for (const { field, names } of PERMISSIONS_BLOCK.keys) {
    const entry = findEntry(map, ...names);
    if (entry === undefined || field === "responses") continue;
    const allow = draft[field as "publish" | "subscribe"]?.allow;
    if (allow !== undefined || !isEmpty(entry.value)) continue;
    report.warn(
      entry.at,
      `${quote(entry.key)} forbids nothing: an empty list allows everything`,
    );
  }
}

function isEmpty(value: ConfigValue): boolean {
  if (value.kind === "array") return value.items.length === 0;
  if (value.kind !== "map") return false;
  const allow = findEntry(value, "allow")?.value;
  if (allow === undefined) return findEntry(value, "deny") === undefined;
  return allow.kind === "array" && allow.items.length === 0;
}
