/** Whether a certificate is for a host, as clients look at it. */

/**
 * `names` is the text that `node:crypto` makes of a certificate's alternative
 * names: `DNS:localhost, DNS:*.example.com, IP Address:127.0.0.1`. A star
 * stands for one label, the first.
 */
export function certifiesName(names: string, host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  const wild = wanted.replace(/^[^.]+/, "*");
  return [...names.matchAll(/DNS:([^,\s"]+)/g)]
    .map(([, name = ""]) => name.toLowerCase())
    .some((name) => name === wanted || name === wild);
}
