/**
 * A page in a real Chromium: the official client and Midge's, at servers with a
 * WebSocket port.
 */
import assert from "node:assert/strict";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import {
  Chromium,
  chromiumMissing,
  type ChromiumPage,
} from "../support/chromium.ts";
import { sameEverywhere } from "../support/runtimes.ts";
import { test, type TestContext } from "../support/test.ts";
import { type ClientName, TALK } from "./page.ts";
import { servePage, SERVERS, trusting } from "./stage.ts";

const CLIENTS: readonly ClientName[] = ["midge/browser", "@nats-io/nats-core"];

async function openPage(
  t: TestContext,
  flags: readonly string[] = [],
): Promise<ChromiumPage> {
  const url = await servePage(t);
  const browser = await Chromium.start(t, flags);
  return await browser.open(url);
}

/** Calls a function of `page.ts` in the page. */
function call(
  page: ChromiumPage,
  name: string,
  ...words: readonly unknown[]
): Promise<unknown> {
  const given = words.map((word) => JSON.stringify(word)).join(", ");
  return page.evaluate(`page.${name}(${given})`);
}

/** Both clients do all that `talk` does. */
async function bothTalk(page: ChromiumPage, options: object): Promise<void> {
  for (const client of CLIENTS) {
    assert.deepEqual(await call(page, "talk", client, options), TALK, client);
  }
}

async function bothAreRefused(
  page: ChromiumPage,
  options: object,
  why: RegExp,
): Promise<void> {
  for (const client of CLIENTS) {
    assert.match(String(await call(page, "refusal", client, options)), why);
  }
}

for (const { title, missing, start } of SERVERS) {
  const skip = chromiumMissing || missing ||
    title !== "Midge" && sameEverywhere;
  const skipTls = skip !== false ? skip : opensslMissing;

  test(
    `a page talks through ${title}, deflated or not`,
    { skip },
    async (t) => {
      const page = await openPage(t);
      const plain = await start(t);
      await bothTalk(page, { servers: plain.url });
      const deflating = await start(t, { web: "compression: true" });
      await bothTalk(page, { servers: deflating.url });
    },
  );

  test(
    `a page talks through ${title} by TLS, if the certificate is good`,
    { skip: skipTls },
    async (t) => {
      const { server: certificate } = makeCertificates(t);
      const page = await openPage(t, [trusting(certificate)]);
      const good = await start(t, { certificate });
      await bothTalk(page, { servers: good.url });
      const { server: another } = makeCertificates(t);
      const bad = await start(t, { certificate: another });
      await bothAreRefused(page, { servers: bad.url }, /./);
    },
  );

  test(
    `a page comes back to ${title} after a restart, in clear and by TLS`,
    { skip: skipTls },
    async (t) => {
      const { server: certificate } = makeCertificates(t);
      const page = await openPage(t, [trusting(certificate)]);
      for (const options of [{}, { certificate }]) {
        const server = await start(t, options);
        for (const client of CLIENTS) {
          await call(page, "stay", client, { servers: server.url });
        }
        await server.stop();
        await server.restart();
        for (const client of CLIENTS) {
          const heard = await call(page, "comeBack", client);
          assert.deepEqual(heard, ["again"], client);
        }
      }
    },
  );

  test(
    `a page logs in at ${title} by its options or its cookies`,
    { skip },
    async (t) => {
      const server = await start(t, {
        config: 'authorization { user: ann, password: "s3cret" }',
        web: "user_cookie: name, pass_cookie: word",
      });
      const options = { servers: server.url };
      const page = await openPage(t);
      await bothTalk(page, { ...options, user: "ann", pass: "s3cret" });
      await bothAreRefused(page, options, /Authorization Violation/i);
      await page.evaluate('document.cookie = "name=ann"');
      await page.evaluate('document.cookie = "word=s3cret"');
      await bothTalk(page, options);
    },
  );
}
