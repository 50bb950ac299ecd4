/** What a listener does at a handshake, made of settings that may become others. */
import type { TlsUpgrade } from "../platform/socket.ts";

/**
 * Gives what `make` makes of the settings, and the same as long as `settings`
 * gives the same object: a server makes much of it once.
 */
export function serverUpgrades<Settings extends object>(
  settings: () => Settings,
  make: (settings: Settings) => Omit<TlsUpgrade, "role">,
): () => TlsUpgrade {
  let from: Settings | undefined;
  let made: TlsUpgrade | undefined;
  return () => {
    const now = settings();
    if (made === undefined || from !== now) {
      made = { ...make(now), role: "server" };
      from = now;
    }
    return made;
  };
}
