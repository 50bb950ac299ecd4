/** The `signal` option: an `AbortSignal` that ends a connection. */
import { isError } from "../core/errors.ts";
import { ConnectionError } from "./api/errors.ts";

/** Calls `end` with the reason once the signal aborts; what it gives stops that. */
export function onAbort(
  signal: AbortSignal | undefined,
  end: (cause: Error) => void,
): () => void {
  const abort = (): void => {
    const reason: unknown = signal?.reason;
    end(isError(reason) ? reason : new ConnectionError("Aborted"));
  };
  signal?.addEventListener("abort", abort);
  return () => signal?.removeEventListener("abort", abort);
}
