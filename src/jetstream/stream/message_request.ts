/** What is asked for of a stream's messages, directly and by the API. */
import type { Struct } from "../api/shape.ts";

/** One message, or with a batch several; names are those of the JSON. */
export interface MessageRequest {
  readonly seq?: number;
  readonly last_by_subj?: string;
  readonly next_by_subj?: string;
  readonly start_time?: string;
  readonly batch?: number;
  readonly max_bytes?: number;
  readonly multi_last?: readonly string[];
  readonly up_to_seq?: number;
  readonly up_to_time?: string;
  readonly no_hdr?: boolean;
}

const UINT64 = { kind: "int", type: "uint64" } as const;
const INT = { kind: "int", type: "int" } as const;
const STRING = { kind: "string" } as const;
const TIME = { kind: "time" } as const;

export const MESSAGE_REQUEST: Struct = {
  name: "JSApiMsgGetRequest",
  fields: {
    seq: UINT64,
    last_by_subj: STRING,
    next_by_subj: STRING,
    batch: INT,
    max_bytes: INT,
    start_time: TIME,
    multi_last: { kind: "strings" },
    up_to_seq: UINT64,
    up_to_time: TIME,
    no_hdr: { kind: "bool" },
  },
};
