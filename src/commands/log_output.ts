/**
 * The log of a server that runs as a program: standard error or a file, as its
 * options say.
 */
import type { ServerOptions } from "../options/options.ts";
import { type Logger, TextLogger } from "../core/log.ts";
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
}

/** Opens the log. Throws when a log file cannot be opened. */
export function openLog(options: ServerOptions): LogOutput {
  const file = options.logFile === "" ? undefined : new LogFile({
    path: options.logFile,
    sizeLimit: options.logSizeLimit,
    maxFiles: options.logMaxNum,
    announce: (text) => logger.notice(text),
  });
  const logger: Logger = new TextLogger({
    sink: file ?? stderrSink,
    pid: processId(),
    timestamp: options.logtime ? timestamps(options.logtimeUtc) : () => "",
    debug: options.debug,
    trace: options.trace,
    colors: file === undefined && takesColours("stderr"),
  });
  return {
    logger,
    reopen: () => reopen(file, logger),
    flush: () => file?.flush(),
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
