/**
 * The root page: a table of contents for people. It has no script and loads
 * nothing, its links are relative so that they work behind any proxy, and it
 * follows the reader's light or dark mode.
 */
import { escapeHtml } from "../http/answers.ts";
import { MIDGE_VERSION, NATS_VERSION } from "../core/version.ts";
import type { Page } from "./page.ts";
import type { ServerSnapshot } from "./snapshot.ts";
import { uptimeText } from "./text.ts";

const CONTENTS: readonly (readonly [page: string, about: string])[] = [
  ["varz", "The server: options, load and counters"],
  ["connz", "Clients that are connected"],
  ["connz?state=closed", "Clients that are gone, and why"],
  ["routez", "Routes to the other servers of the cluster"],
  ["subsz", "Subscriptions and the subject look-up"],
  ["accountz", "Accounts"],
  ["accstatz", "Traffic by account"],
  ["discoveryz", "The servers of the cluster, for discovery"],
  ["healthz", "Is the server ready for connections?"],
  ["leafz", "Leaf nodes (none)"],
  ["gatewayz", "Gateways (none)"],
  ["jsz", "JetStream: accounts, streams and consumers"],
];

const STYLE = `
:root { color-scheme: light dark }
body {
  margin: 0 auto; padding: 2rem 1rem; max-width: 36rem;
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.5rem }
p { margin: 0 0 1.5rem; opacity: .75; overflow-wrap: anywhere }
ul { margin: 0; padding: 0; list-style: none }
a {
  display: block; padding: .6rem .2rem; color: inherit; text-decoration: none;
  border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent);
}
a:hover, a:focus-visible {
  background: color-mix(in srgb, currentColor 8%, transparent);
}
code { display: block; font-size: .85rem; opacity: .65 }
`;

export const root: Page<void, "settings", { html: string }> = {
  read: () => {},
  wants: () => ({ settings: true }),
  show: (snapshot) => ({ html: htmlOf(snapshot) }),
};

function htmlOf(
  { serverName, startedAt, now, settings }: ServerSnapshot<"settings">,
): string {
  const links = CONTENTS.map(([page, about]) => {
    const path = escapeHtml(`/${page}`);
    const target = escapeHtml(linkTo(page, settings.httpBasePath));
    return `<li><a href="${target}">${about}<code>${path}</code></a></li>`;
  });
  const name = escapeHtml(serverName);
  const up = uptimeText(now - startedAt);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Midge ${name}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Midge ${MIDGE_VERSION}</h1>
<p>${name}, up ${up}, speaks as nats-server ${NATS_VERSION}</p>
<ul>
${links.join("\n")}
</ul>
</body>
</html>
`;
}

/** The root page of the base path `/a/b` is `/a/b` itself, so its neighbours begin with `b/`. */
function linkTo(page: string, basePath: string): string {
  const folder = basePath.slice(basePath.lastIndexOf("/") + 1);
  return folder === "" ? page : `${folder}/${page}`;
}
