/** JWTs of accounts from a URL, over the TLS of `resolver_tls`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  makeCertificates,
  opensslMissing as skip,
} from "../support/certificates.ts";
import { KEYS } from "../auth/jwt/example.ts";
import { startMidge } from "../support/midge.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { optionsOf } from "../config/reading.ts";

test(
  "the URL of a resolver is asked with certificates of one's own",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, server, client, stranger } = certificates;
    const paths: string[] = [];
    const source = createServer({
      cert: server.cert,
      key: server.key,
      ca: authority.cert,
      requestCert: true,
    }, (request, response) => {
      paths.push(request.url ?? "");
      response.end("ok");
    });
    source.on("tlsClientError", () => {});
    t.after(() => {
      source.close();
      source.closeAllConnections();
    });
    source.listen(0, "127.0.0.1");
    await once(source, "listening");
    const { port } = source.address() as AddressInfo;
    const { trust } = optionsOf(
      `trusted: ${KEYS.operator.key}, resolver: URL(https://localhost:${port}/jwt/)`,
    );
    const resolverTls = tlsSettings(certificates, { shown: client });
    await startMidge(t, { trust: trust!, resolverTls });
    assert.deepEqual(paths, ["/jwt/"]);
    for (
      const tls of [
        undefined,
        tlsSettings(certificates, { shown: stranger }),
        tlsSettings({ ...certificates, authority: stranger }, {
          shown: client,
        }),
      ]
    ) {
      const failed = startMidge(t, { trust: trust!, resolverTls: tls });
      assert.ok(await rejection(failed) instanceof Error);
    }
    assert.deepEqual(paths, ["/jwt/"]);
  },
);
