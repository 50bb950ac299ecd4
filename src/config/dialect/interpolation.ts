/**
 * Variables inside of texts: `nats://$USER:$PASS@$HOST`, `"$POD_NAME.svc"`,
 * `${name}`. nats-server knows them as whole values only, so what is no variable
 * by a narrow rule stays as it is: names are in capitals, of two letters at
 * least, unless they stand in braces; they are no first token of a subject of the
 * system's; and a bcrypt hash is a hash.
 */

const PLACE = /\$(?:\{(\w+)\}|([A-Z][A-Z0-9_]+)(?!\w))/g;
const BCRYPT = /^\$2[abxy]\$/;

/** Subjects of the system begin with these, behind a dollar. */
const RESERVED: ReadonlySet<string> = new Set(
  "SYS JS JSC KV OBJ SRV MQTT NRG LDS GNR GR".split(" "),
);

/** A text with its variables filled in. */
export interface Filled {
  readonly text: string;
  /** How many places there were, and how many had no value and stay as they are. */
  readonly places: number;
  readonly missing: number;
}

/** `text` with what `valueOf` has for the names in it; undefined leaves a place as it is. */
export function filled(
  text: string,
  valueOf: (name: string) => string | undefined,
): Filled {
  if (!text.includes("$") || BCRYPT.test(text)) {
    return { text, places: 0, missing: 0 };
  }
  let places = 0;
  let missing = 0;
  const whole = text.replace(
    PLACE,
    (place, braced: string | undefined, plain: string | undefined) => {
      const name = braced ?? plain ?? "";
      if (braced === undefined && RESERVED.has(name)) return place;
      places++;
      const value = valueOf(name);
      if (value === undefined) missing++;
      return value ?? place;
    },
  );
  return { text: whole, places, missing };
}
