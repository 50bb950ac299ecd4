/** `jetstream`, of the server and of its accounts: what its values become, and its mistakes. */
import assert from "node:assert/strict";
import {
  defaultJetStreamOptions,
  type JetStreamOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, warningsOf } from "./reading.ts";

const DEFAULTS = defaultJetStreamOptions();

const VALUES:
  readonly (readonly [text: string, options: JetStreamOptions | undefined])[] =
    [
      ["jetstream: true", DEFAULTS],
      ["jetstream: enabled", DEFAULTS],
      ["jetstream {}", DEFAULTS],
      ["jetstream { enabled: true }", DEFAULTS],
      ["jetstream: false", undefined],
      ["jetstream: disabled", undefined],
      ["jetstream { enabled: false, store_dir: /x }", undefined],
      ["jetstream { sync: lazy }", { ...DEFAULTS, sync: "lazy" }],
      ["jetstream { sync_interval: always }", DEFAULTS],
      ["JetStream { store_dir x }", { ...DEFAULTS, storeDir: "x" }],
      [
        "jetstream { store: /x, max_mem: 1G, max_file: '10M', domain: d, strict: false }",
        {
          storeDir: "/x",
          maxMemoryBytes: 1_000_000_000,
          maxFileBytes: 10 * 1024 * 1024,
          domain: "d",
          sync: "always",
          strict: false,
          limits: undefined,
        },
      ],
      [
        "jetstream { limits { max_ack_pending: 7, max_request_batch: 8, default_max_consumers: 9\n" +
        "duplicate_window: '30s', batch { max_inflight_per_stream: 1, max_inflight_total: 2\n" +
        "max_msgs: 3, timeout: '4s' } } }",
        {
          ...DEFAULTS,
          limits: {
            maxAckPending: 7,
            maxRequestBatch: 8,
            maxConsumers: 9,
            duplicateWindowMs: 30_000,
            batch: {
              inflightPerStream: 1,
              inflightTotal: 2,
              maxMessages: 3,
              timeoutMs: 4000,
            },
          },
        },
      ],
    ];

for (const [text, options] of VALUES) {
  test(`${JSON.stringify(text)} says what streams there are`, () => {
    assert.deepEqual(optionsOf(text).jetstream, options);
  });
}

test("a folder of streams may stand by itself", () => {
  assert.equal(optionsOf("store_dir: /data").storeDir, "/data");
});

test("accounts have streams where they say so", () => {
  const { accounts } = optionsOf(
    "accounts { A { jetstream: enabled }, B {}, C { jetstream: disabled }\n" +
      "D { jetstream { max_mem: 1G, max_store: '2G', max_streams: 5, max_consumers: 6\n" +
      "max_bytes_required: true, mem_max_stream_bytes: 7, disk_max_stream_bytes: 8, max_ack_pending: 9 } } }",
  );
  const unlimited = {
    maxMemoryBytes: -1,
    maxFileBytes: -1,
    maxStreams: -1,
    maxConsumers: -1,
    maxBytesRequired: false,
    memoryStreamBytes: -1,
    fileStreamBytes: -1,
    maxAckPending: -1,
  };
  assert.deepEqual(accounts.map(({ jetstream }) => jetstream), [
    unlimited,
    undefined,
    undefined,
    {
      maxMemoryBytes: 1_000_000_000,
      maxFileBytes: 2 * 1024 ** 3,
      maxStreams: 5,
      maxConsumers: 6,
      maxBytesRequired: true,
      memoryStreamBytes: 7,
      fileStreamBytes: 8,
      maxAckPending: 9,
    },
  ]);
});

const WRONG: readonly (readonly [text: string, error: string])[] = [
  ["jetstream { store: 5 }", "1:13: store must be a string, got an integer"],
  ["jetstream { foo: 5 }", '1:13: unknown field "foo"'],
  [
    "jetstream: [a]",
    '1:1: Expected "enabled" or "disabled" for jetstream, or a map',
  ],
  [
    "jetstream: abc",
    '1:1: Expected "enabled" or "disabled" for jetstream, or a map',
  ],
  [
    "jetstream { max_mem: '1X' }",
    "1:13: max_mem must be a number of bytes, or one with K, M, G or T",
  ],
  ["jetstream { sync: fast }", "1:13: sync is `always` or `lazy`"],
  ["jetstream { sync: true }", "1:13: sync is `always` or `lazy`"],
  [
    "jetstream { limits: 7 }",
    '1:13: "limits" must be a map of JetStreamLimits',
  ],
  ["jetstream { limits { foo: 7 } }", '1:22: unknown field "foo"'],
  [
    "jetstream { limits { batch: 5 } }",
    '1:22: "batch" must be a map of batch limits',
  ],
  [
    "jetstream { limits { duplicate_window: 5 } }",
    "1:22: duplicate_window must be a string, got an integer",
  ],
  ["accounts { A { jetstream { foo: 1 } } }", '1:28: unknown field "foo"'],
  [
    "jetstream { cipher: aes }",
    "1:13: cipher is a nats-server option that Midge does not support yet",
  ],
];

for (const [text, error] of WRONG) {
  test(`${JSON.stringify(text)} is told its mistake`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(text)), [error]);
  });
}

test("what has nothing to act on is told", () => {
  assert.deepEqual(
    warningsOf('jetstream { sync_interval: "2m", unique_tag: az }'),
    [
      '1:13: "sync_interval" has no effect: a message is acknowledged when it is on disk',
      '1:34: "unique_tag" has no effect: Midge\'s streams are not replicated',
    ],
  );
});

test("a domain is one name that nothing else has", () => {
  for (
    const [name, problem] of [
      ["ACK", '"ACK" is reserved'],
      ["a.b", "may not contain"],
      ["a b", "may not contain blanks"],
    ] as const
  ) {
    const text = `jetstream { domain: "${name}" }`;
    const errors = errorsOf(() => optionsOf(text)).join("\n");
    assert.ok(errors.includes(`invalid domain name: ${problem}`), errors);
  }
});
