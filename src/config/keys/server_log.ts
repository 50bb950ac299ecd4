/** Keys of the top level: the log, and the files of the process. */
import type { ServerOptions } from "../../options/options.ts";
import { toggle } from "./flag_rows.ts";
import { boolean, changed, integer, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";

const rows = rowsOf<ServerOptions>((options) => options);

/** The log, and the files of the process. The flags for two of them win over those for one. */
export const LOG_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["log_file", "logfile"],
    field: "logFile",
    reader: string,
    default: "",
    isForProcess: true,
    text: "Log into this file instead of standard error.",
    flags: [{ section: "Logging", names: ["l", "log"], value: "file" }],
    reload: "now",
  }),
  rows.option({
    names: ["logtime"],
    field: "logtime",
    reader: boolean,
    default: true,
    isForProcess: true,
    text: "Begin log lines with the time.",
    flags: [{ section: "Logging", names: ["T", "logtime"] }],
    reload: "now",
  }),
  rows.option({
    names: ["logtime_utc"],
    field: "logtimeUtc",
    reader: boolean,
    default: false,
    isForProcess: true,
    text: "That time is UTC, not local time.",
    flags: [{ section: "Logging", names: ["logtime_utc"] }],
    goField: "LogtimeUTC",
    reload: "now",
  }),
  rows.option({
    names: ["log_size_limit", "logfile_size_limit"],
    field: "logSizeLimit",
    reader: integer(0),
    default: 0,
    unit: "bytes",
    isForProcess: true,
    text: "Begin a new log file at this size in bytes; 0 for never.",
    flags: [{
      section: "Logging",
      names: ["log_size_limit"],
      value: "bytes",
    }],
    reload: "restart",
  }),
  rows.option({
    names: ["log_max_num", "logfile_max_num"],
    field: "logMaxNum",
    reader: integer(0),
    default: 0,
    isForProcess: true,
    text: "Log files to keep, the current one included; 0 for all.",
    goField: "LogMaxFiles",
    reload: "restart",
  }),
  rows.option({
    names: ["debug"],
    field: "debug",
    reader: boolean,
    default: false,
    text: "Log what helps to find a fault.",
    flags: [{ section: "Logging", names: ["D", "debug"] }],
    reload: "now",
  }),
  rows.option({
    names: ["trace"],
    field: "trace",
    reader: boolean,
    default: false,
    text: "Log every operation of every connection.",
    flags: [
      { section: "Logging", names: ["V", "trace"] },
      {
        ...toggle("Logging", ["DV"], (options, on) => {
          options.debug = on;
          options.trace = on;
        }),
        doc: "-D and -V",
      },
      {
        ...toggle("Logging", ["DVV"], (options, on) => {
          options.debug = on;
          options.trace = on;
          options.traceVerbose = on;
        }),
        doc: "-D and -VV",
      },
    ],
    reload: "now",
  }),
  rows.option({
    names: ["trace_verbose"],
    field: "traceVerbose",
    reader: boolean,
    default: false,
    text: "Trace the server's own operations too.",
    flags: [{
      ...toggle("Logging", ["VV"], (options, on) => {
        options.trace = on;
        options.traceVerbose = on;
      }),
      doc: "-V, and the server's own operations too",
    }],
    reload: "now",
  }),
  rows.option({
    names: ["max_traced_msg_len"],
    field: "maxTracedMsgLen",
    reader: changed(integer(), (length) => Math.max(0, length)),
    default: 0,
    unit: "bytes",
    text: "Longest payload that a trace shows, in bytes; 0 for all of it.",
    flags: [{
      section: "Logging",
      names: ["max_traced_msg_len"],
      value: "bytes",
    }],
    reload: "now",
  }),
  rows.option({
    names: ["pid_file", "pidfile"],
    field: "pidFile",
    reader: string,
    default: "",
    isForProcess: true,
    text: "Write the process's number into this file.",
    flags: [{ section: "Server", names: ["P", "pid"], value: "file" }],
    reload: "now",
  }),
  rows.option({
    names: ["ports_file_dir"],
    field: "portsFileDir",
    reader: string,
    default: "",
    isForProcess: true,
    text: "Write the listening addresses into a file in this folder.",
    flags: [{ section: "Server", names: ["ports_file_dir"], value: "folder" }],
    reload: "now",
  }),
];
