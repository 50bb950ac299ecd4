/** The shape of a JSON value: every field with its type, in the order of the text. */

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/;

/** Lines like `connections[].start: time`, each once, in order. */
export function shapeOf(value: unknown): string[] {
  const lines = new Set<string>();
  describe(value, "", lines);
  return [...lines];
}

function describe(value: unknown, path: string, lines: Set<string>): void {
  if (path !== "") lines.add(`${path}: ${typeName(value)}`);
  if (Array.isArray(value)) {
    for (const item of value) describe(item, `${path}[]`, lines);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      describe(part, path === "" ? key : `${path}.${key}`, lines);
    }
  }
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value === "string" && TIME.test(value) ? "time" : typeof value;
}
