/**
 * The log of a server that runs as a program: standard error or a file, as its
 * options say.
 */
import type { ServerOptions } from "../options/options.ts";
import { type Logger, TextLogger, type TextLogOptions } from "../core/log.ts";
import {
  LogFile,
  stderrSink,
  timestamps,
} from "../runtime/process/log_sink.ts";
import { processId } from "../runtime/process/system.ts";
import { takesColours } from "../runtime/process/terminal.ts";

export interface LogOutput {
  readonly logger: Logger;
  /** Opens the log file again, and logs whether that worked. */
  reopen(): void;
  /** Writes what is still in memory. */
  flush(): void;
  /** Logs as these options say. Throws when a file cannot be opened, and goes on as before. */
  reconfigure(options: LogSettings): void;
}

/** What the log depends on. */
type LogSettings = Pick<
  ServerOptions,
  | "logFile"
  | "logSizeLimit"
  | "logMaxNum"
  | "logtime"
  | "logtimeUtc"
  | "debug"
  | "trace"
>;

/** Opens the log. Throws when a log file cannot be opened. */
export function openLog(options: LogSettings): LogOutput {
  const announce = (text: string): void => logger.notice(text);
  let file = openFile(options, announce);
  const logger = new TextLogger(textOptions(options, file));
  let path = options.logFile;
  return {
    logger,
    reopen: () => reopen(file, logger),
    flush: () => file?.flush(),
    reconfigure(next) {
      const old = file;
      if (next.logFile !== path) {
        file = openFile(next, announce);
        path = next.logFile;
      }
      logger.reconfigure(textOptions(next, file));
      if (old !== file) old?.close();
    },
  };
}

function openFile(
  { logFile, logSizeLimit, logMaxNum }: LogSettings,
  announce: (text: string) => void,
): LogFile | undefined {
  return logFile === "" ? undefined : new LogFile({
    path: logFile,
    sizeLimit: logSizeLimit,
    maxFiles: logMaxNum,
    announce,
  });
}

function textOptions(
  { logtime, logtimeUtc, debug, trace }: LogSettings,
  file: LogFile | undefined,
): TextLogOptions {
  return {
    sink: file ?? stderrSink,
    pid: processId(),
    timestamp: logtime ? timestamps(logtimeUtc) : () => "",
    debug,
    trace,
    colors: file === undefined && takesColours("stderr"),
  };
}

/** When the file cannot be opened again the server goes on. */
function reopen(file: LogFile | undefined, logger: Logger): void {
  if (file === undefined) {
    return logger.notice("File log re-open ignored, not a file logger");
  }
  try {
    file.reopen();
    logger.notice("File log re-opened");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    logger.error(`Unable to re-open the log: ${why}`);
  }
}
