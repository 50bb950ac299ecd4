/** What the cookies of a WebSocket's request have to do with its login. */
import type { Credentials } from "../../auth/door.ts";
import type { WebSocketOptions } from "../../options/options.ts";
import type { ConnectFields } from "../../wire/info.ts";
import type { WebSocketArrival } from "./client_host.ts";

/** NATS: what a cookie says holds where CONNECT says nothing. */
export function withCookies(
  fields: ConnectFields,
  arrival: WebSocketArrival | undefined,
): ConnectFields {
  if (arrival === undefined) return fields;
  const { user = "", pass = "", auth_token = "", jwt = "" } =
    arrival.credentials;
  return {
    ...fields,
    user: fields.user || user,
    pass: fields.pass || pass,
    auth_token: fields.auth_token || auth_token,
    jwt: fields.jwt || jwt,
  };
}

/** The credentials in `cookies`, by the names that `options` give them. */
export function credentialsIn(
  cookies: ReadonlyMap<string, string>,
  { userCookie, passCookie, tokenCookie, jwtCookie }: WebSocketOptions,
): Partial<Credentials> {
  const read = (name: string): string => cookies.get(name) ?? "";
  return {
    user: read(userCookie),
    pass: read(passCookie),
    auth_token: read(tokenCookie),
    jwt: read(jwtCookie),
  };
}
