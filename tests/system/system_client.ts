/** A user of the system account, on a server with accounts `$SYS`, A and B. */
import type { NatsConnection } from "../../src/client/connection.ts";
import { headers, type MsgHdrs } from "../../src/core/headers.ts";
import { connect } from "../../mod.ts";
import { accountWithUser } from "../accounts/account_options.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import type { TestContext } from "../support/test.ts";

const SYSTEM_USER = { user: "sys", password: "pw" };

export const SYSTEM_OPTIONS: TestOptions = {
  systemAccount: "$SYS",
  accounts: [
    accountWithUser("$SYS", { users: [SYSTEM_USER] }),
    accountWithUser("A"),
    accountWithUser("B"),
  ],
};

export type Json = Readonly<Record<string, unknown>>;

export interface SystemUser {
  readonly midge: TestServer;
  readonly id: string;
  readonly client: NatsConnection;
  /** The answer to a request, as JSON. */
  ask(subject: string, body?: unknown): Promise<Json>;
  /** What comes on `subject` from now on, as `[subject, body]`. */
  hear(subject: string): Promise<[string, Json][]>;
}

export async function startSystem(
  t: TestContext,
  options: TestOptions = {},
): Promise<SystemUser> {
  const midge = await startMidge(t, { ...SYSTEM_OPTIONS, ...options });
  return systemUser(t, midge);
}

export async function systemUser(
  t: TestContext,
  midge: TestServer,
): Promise<SystemUser> {
  const client = await connectAs(t, midge, "sys");
  return {
    midge,
    id: midge.server.broker.identity.id,
    client,
    async ask(subject, body = "") {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const answer = await client.request(subject, text, { timeout: 10_000 });
      return answer.json();
    },
    async hear(subject) {
      const heard: [string, Json][] = [];
      client.subscribe(subject, {
        callback: (_error, message) => {
          heard.push([message.subject, message.json()]);
        },
      });
      await client.flush();
      return heard;
    },
  };
}

export async function connectAs(
  t: TestContext,
  { port }: TestServer,
  user: string,
  name: string = "",
): Promise<NatsConnection> {
  const client = await connect({
    servers: `127.0.0.1:${port}`,
    user,
    pass: "pw",
    ...(name !== "" && { name }),
  });
  t.after(() => client.close());
  return client;
}

export function accepting(encoding: string): MsgHdrs {
  const set = headers();
  set.set("Accept-Encoding", encoding);
  return set;
}
