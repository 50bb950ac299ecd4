/** What the system's error says about the end of a stream. */
import type { CloseReason } from "../../platform/socket.ts";
import { errorCode } from "../process/system.ts";
import { failureText, isTlsError } from "./tls_failures.ts";

const RESET_CODES: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
]);

/** Why a stream broke, by the system's error. */
export function closeReason(error: Error): CloseReason {
  const code = errorCode(error) ?? "EUNKNOWN";
  if (RESET_CODES.has(code)) return { kind: "reset", code };
  if (code === "ETIMEDOUT") return { kind: "timeout" };
  if (isTlsError(error)) return { kind: "tls", detail: failureText(error) };
  return { kind: "failed", code, cause: error };
}
