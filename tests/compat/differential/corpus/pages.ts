/** The pages of monitoring, with their queries, of servers in several states. */
import {
  connect,
  type Conversation,
  type Group,
  page,
  stepOf,
} from "../conversation.ts";

const SORTS = [
  ...["cid", "start", "subs", "msgs_to", "msgs_from", "bytes_to"],
  ...["bytes_from", "uptime", "stop", "reason"],
];

const FLAGS = ["1", "0", "true", "T", "False", "yes", "", "2", "TRUE", "tRue"];
const NUMBERS = ["0", "1", "2", "-1", "x", "1.5", "", "99999", "+1", "1e3"];

const CONNZ: readonly string[] = [
  "",
  ...SORTS.map((sort) => `sort=${sort}`),
  ...SORTS.filter((sort) => sort !== "uptime")
    .map((sort) => `sort=${sort}&state=closed`),
  "sort=zork",
  "sort=CID",
  "sort=",
  ...FLAGS.map((flag) => `auth=${flag}`),
  ...[...FLAGS, "detail", "DETAIL", "details"].map((subs) => `subs=${subs}`),
  ...NUMBERS.map((number) => `limit=${number}`),
  ...NUMBERS.map((number) => `offset=${number}`),
  ...["0", "999999", "-1", "x", "+1", ""].map((id) => `cid=${id}`),
  ...["open", "closed", "all", "any", "ALL", "zork", ""]
    .map((state) => `state=${state}`),
  ...["ann", "bob", "eve", "nobody", "Ann", ""].map((user) => `user=${user}`),
  ...["$G", ""].map((account) => `acc=${account}`),
  "mqtt_client=x",
  "mqtt_client=",
  "cid=999999&state=closed",
  "cid=999999&state=all",
  "user=ann&state=closed",
  "user=eve&state=all&auth=1",
  "user=nobody&state=closed",
  "user=nobody&offset=5&limit=2",
  "acc=$G&auth=1",
  "acc=$G&state=all",
  "acc=zz",
  "acc=$G&user=ann&sort=subs",
  "state=closed&auth=1",
  "state=closed&subs=1",
  "state=closed&subs=detail&auth=1",
  "state=all&limit=1&offset=1",
  "state=all&sort=bytes_from&limit=2",
  "sort=stop&state=all",
  "sort=reason",
  "auth=1&subs=1&limit=1",
  "callback=x",
  "filter_subject=a",
  "limit=x&auth=y",
  "limit=1&limit=x",
  "sort=zork&limit=x",
  "unknown=1",
  "auth=1;subs=1",
];

const OTHERS: readonly string[] = [
  "/varz",
  "/varz?x=1",
  "/varz?callback=x",
  ...["", "subs=1", "subs=detail", "subs=x", "subs=0"]
    .map((query) => `/routez?${query}`),
  ...[
    ...["", "subs=0", "subs=x", "offset=x", "limit=x", "limit=-1", "offset=-1"],
    ...["test=a.*", "test=a..b", "test=", "test=a", "acc=zz", "subs=detail"],
    ...["acc=zz&subs=1", "acc=$G", "subs=1&test=near", "subs=1&test=c.x"],
    ...["subs=1&test=nowhere", "subs=1&test=near&limit=1&offset=1"],
  ].map((query) => `/subsz?${query}`),
  "/subscriptionsz?test=>",
  ...["", "acc=zz", "acc=", "acc=$g"].map((query) => `/accountz?${query}`),
  "/accountz?acc=$G",
  ...["", "unused=0", "unused=1", "unused=x", "accounts=zz"]
    .map((query) => `/accstatz?${query}`),
  ...["", "subs=1", "subs=x", "acc=zz"].map((query) => `/leafz?${query}`),
  ...["", "accs=1", "accs=x", "acc_name=zz", "gw_name=zz", "subs=x", "subs=1"]
    .map((query) => `/gatewayz?${query}`),
  ...["", "accounts=1", "accounts=x", "limit=x", "acc=zz", "streams=x"]
    .map((query) => `/jsz?${query}`),
  ...[
    ...["", "js-enabled=x", "js-enabled-only=true", "js-server-only=1"],
    ...["js-meta-only=x", "js-meta-only=1", "details=1", "details=x"],
    ...["stream=x", "stream=x&account=y", "consumer=x", "account=y"],
    ...["leaf-remotes-connected=x", "js-enabled=1"],
  ].map((query) => `/healthz?${query}`),
  ...[
    "/zork",
    "/varz/",
    "/VARZ",
    "//varz",
    "/connz/x",
    "/varz%2f",
    "/healthz/",
  ],
];

/** The counters of all requests, which end with this page. */
const COUNTERS = "/varz?last";

const conversations: readonly Conversation[] = [
  ...CONNZ.map((query) => page(`/connz?${query}`)),
  ...OTHERS.map(page),
  page(COUNTERS),
];

/** Clients that stay, and some that are gone. */
function clients(
  ...logins: readonly Readonly<Record<string, unknown>>[]
): readonly string[] {
  const [one, two, three] = logins.map((login, at) =>
    connect({ ...login, name: `n${at}`, lang: "hand", version: "1" })
  );
  return [
    `x: ${one}SUB gone 1↵UNSUB 1 9↵SUB more q 2↵PUB a 3↵abc↵`,
    `y: ${two}SUB y 1↵PUB y 1↵x↵PUB y 1↵x↵`,
    "x: QUIT",
    "y: PUB a 1000000000↵QUIT",
    `a: ${one}SUB near 1↵SUB a2 2↵SUB a3 3↵PUB near 4↵1234↵PUB none 1↵x↵`,
    `b: ${two}PUB near 2↵hi↵`,
    `c: ${three}SUB c.* q 1↵SUB c2 2↵UNSUB 1 7↵PUB c.x 7↵1234567↵PUB c.y 1↵x↵` +
    "PUB c.z 1↵x↵PUB c2 1↵x↵",
  ];
}

export const PAGES_OF: readonly Group[] = [
  {
    title: "pages of a server with users",
    config: `
      http: "127.0.0.1:-1"
      authorization { users: [
        { user: ann, password: secret }
        { user: bob, password: secret }
        { user: eve, password: secret }
      ] }
      server_tags: ["one", "two"]
      max_subscriptions: 100
    `,
    before: clients(
      { user: "ann", pass: "secret" },
      { user: "bob", pass: "secret" },
      { user: "eve", pass: "secret" },
    ).map(stepOf),
    conversations,
  },
  {
    title: "pages of a server with a token",
    config: `http: "127.0.0.1:-1", authorization { token: secret }`,
    before: clients(
      { auth_token: "secret" },
      { auth_token: "secret" },
      { auth_token: "secret" },
    ).map(stepOf),
    conversations: [
      "/connz?auth=1",
      "/connz?auth=1&state=all",
      "/connz?user=[REDACTED]",
      "/connz?user=[REDACTED]&state=closed",
      "/connz?user=secret",
    ].map(page),
  },
  {
    title: "pages of a server whose clients claim to be somebody",
    config: `http: "127.0.0.1:-1"`,
    before: clients({ user: "x" }, { user: "y", pass: "y" }, {
      auth_token: "z",
    })
      .map(stepOf),
    conversations: ["/connz?auth=1&claims", "/connz?user=x&claims"].map(page),
  },
  {
    title: "JetStream on the pages",
    config: `http: "127.0.0.1:-1"
      jetstream { store_dir: "<folder>", max_mem: 64M, max_file: 64M, sync: always }`,
    conversations: [page("/jsz")],
  },
  {
    title: "pages of a server for everybody",
    config: `http: "127.0.0.1:-1", http_base_path: "/nats"`,
    before: clients({}, {}, {})
      .map(stepOf),
    conversations: [
      "/nats/varz",
      "/nats/connz?auth=1",
      "/nats/connz?auth=1&state=all&subs=detail",
      "/varz",
      "/natsvarz",
      "/nats/nats/varz",
      "/nats/healthz",
    ].map(page),
  },
  {
    title: "pages of a server that nobody has used",
    config: `http: "127.0.0.1:-1"
      max_connections: 10, ping_interval: "90s", ping_max: 5
      max_payload: 5000, max_pending: 20000, max_control_line: 512
      write_deadline: "3s", server_name: "one", no_auth_user: ""
      client_advertise: "10.0.0.1:4333"
    `,
    conversations: [
      "/varz",
      "/connz",
      "/connz?state=closed",
      "/subsz?subs=0",
      "/routez",
    ]
      .map(page),
  },
  {
    title: "pages of a server of a cluster",
    config: `http: "127.0.0.1:-1"
      cluster { name: one, listen: "127.0.0.1:-1"
        authorization { user: r, password: s, timeout: 5 }
        no_advertise: true
      }
    `,
    conversations: ["/varz", "/routez", "/routez?subs=detail"].map(page),
  },
];
