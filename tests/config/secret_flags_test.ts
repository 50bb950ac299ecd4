/** Secrets that the command line only points to. */
import assert from "node:assert/strict";
import {
  applyFlags,
  parseServerArguments,
  SECRET_NOTE,
} from "../../src/config/argv.ts";
import { FlagError } from "../../src/config/flags/flags.ts";
import { withSecrets } from "../../src/config/secret_flags.ts";
import { SERVER_FLAGS } from "../../src/config/server_flags.ts";
import {
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { worldOf } from "./reading.ts";

const WORLD = worldOf(
  {
    "/run/pw": "p w\n",
    "/run/routes": "nats://u:p@h:1,nats://h:2\n",
    "/run/none": "\n",
  },
  { PW: "hunter2", URL: "nats://u:p@h:6222", EMPTY: "" },
);

function run(...args: string[]): ServerOptions {
  const command = parseServerArguments(args);
  assert(command.do === "run", JSON.stringify(command));
  const options = defaultServerOptions();
  applyFlags(options, withSecrets(command.flags, WORLD));
  return options;
}

test("a variable or a file holds the secret of a flag", () => {
  const login = (...args: string[]) => run("-user", "u", ...args).authorization;
  assert.equal(login("-pass", "$PW")?.password, "hunter2");
  assert.equal(login("-pass=file:/run/pw")?.password, "p w");
  assert.equal(run("-auth", "$PW").authorization?.token, "hunter2");
  const listening = run("-cluster", "$URL", "-routes", "file:/run/routes");
  assert.deepEqual(listening.cluster?.routes, [
    { host: "h", port: 1, user: "u", password: "p" },
    { host: "h", port: 2 },
  ]);
  assert.equal(listening.cluster?.authorization?.password, "p");
  const { registry } = run("-registry", "h:1", "-registry_token", "$PW");
  assert.equal(registry?.token, "hunter2");
});

test("what is no name of a variable is the secret itself", () => {
  const hash = "$2a$04$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";
  for (const secret of ["$", "$1", "$a$b", "a$PW", "file:", hash]) {
    assert.equal(run("-auth", secret).authorization?.token, secret);
  }
  assert.equal(run("-n", "$PW").serverName, "$PW", "no secret");
});

test("a secret that is not there is told with its flag", () => {
  const rows = [
    ["-auth", "$NONE", "-auth: the variable NONE is not set"],
    ["-auth", "$EMPTY", "-auth: the variable EMPTY is not set"],
    ["-auth", "file:/no", "-auth: open /no: no such file or directory"],
    ["-auth", "file:/run/none", "-auth: the file /run/none is empty"],
    [
      "-routes",
      "$PW",
      "solicited routes require cluster capabilities, e.g. --cluster",
    ],
  ] as const;
  for (const [flag, value, message] of rows) {
    assert.throws(() => run(flag, value), (error) => {
      assert(error instanceof FlagError);
      assert.equal(error.message, message);
      return true;
    });
  }
});

test("help names each flag that may point to a secret", () => {
  const names = SERVER_FLAGS.filter(({ isSecret }) => isSecret)
    .map(({ names: [name] }) => `-${name}`);
  assert.deepEqual(names.filter((name) => !SECRET_NOTE.includes(name)), []);
  assert.equal(names.length, SECRET_NOTE.match(/ -\w+/g)?.length);
});
