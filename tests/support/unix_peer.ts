/**
 * A peer at the other end of a unix socket, which says and hears text. It comes
 * by Midge's own sockets: on Deno those of `node:net` would close a file of
 * another test.
 */
import { unixAddress } from "../../src/net/address.ts";
import { platform } from "../../src/runtime/mod.ts";
import type { Socket } from "../../src/platform/socket.ts";
import type { Cleanup } from "./temp.ts";

export interface UnixPeer {
  readonly socket: Socket;
  /** All that was heard. */
  readonly heard: string;
  /** Resolves to all that was heard, at the end. */
  readonly ended: Promise<string>;
  say(text: string): void;
}

/** Connects to `path`. */
export async function connectUnixPeer(
  t: Cleanup,
  path: string,
): Promise<UnixPeer> {
  const socket = await platform.network.dial(unixAddress(path));
  t.after(() => socket.destroy());
  const decoder = new TextDecoder();
  const ended = Promise.withResolvers<string>();
  let heard = "";
  socket.open({
    onData: (chunk) => void (heard += decoder.decode(chunk, { stream: true })),
    onDrain() {},
    onClose: () => ended.resolve(heard),
  });
  return {
    socket,
    get heard() {
      return heard;
    },
    ended: ended.promise,
    say: (text) => void socket.write(new TextEncoder().encode(text)),
  };
}
