import { z } from 'zod';
import { API_KEY_FORM, type ApiKey, parseApiKeys } from '../keys/index.ts';
import { parseTenantValues, type TenantValue } from './per-tenant.ts';

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { error: `a whole number from ${min} to ${max}` });
const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, { error: `one of ${words.join(', ')}` });
const flag = z.enum(['true', 'false'], { error: '"true" or "false"' }).transform((text) => text === 'true');
const url = (schemes: string[]) =>
  z.string().refine((text) => schemes.some((scheme) => text.startsWith(`${scheme}:`)), {
    error: `a URL that starts with ${schemes.map((scheme) => `${scheme}:`).join(' or ')}`,
  });
const httpUrl = url(['http', 'https']).refine((text) => URL.canParse(text), {
  error: 'a complete http(s) URL',
});
const perTenant = (what: string, right: (value: string) => boolean) =>
  z
    .string()
    .transform((text, context): TenantValue[] => {
      const read = parseTenantValues(text);
      if (read?.every(({ value }) => right(value))) return read;
      context.addIssue({
        code: 'custom',
        message: `${what} for all tenants, or entries tenant=…, separated by commas`,
      });
      return z.NEVER;
    })
    .default([]);
/** How many jobs of a queue one worker can run at the same time. */
export const MAX_CONCURRENCY = { render: 2000, submit: 1000, store: 256, webhook: 1000 };

/** The greatest share of a tenant. The least is 1. */
export const MAX_TENANT_SHARE = 100;

const PRICES = /^\d+(\.\d{1,6})?$/;

/**
 * Every setting, read from the environment, with its meaning and default: help texts and docs/settings.md are made
 * from here. All may be absent; what production must not leave out is checked in `parse.ts`.
 */
export const settingsSchema = z.object({
  NODE_ENV: z
    .string()
    .default('development')
    .describe('With `production`, nothing embedded starts: a missing setting is an error.'),
  HOST: z.string().default('127.0.0.1').describe('The network interface that producer and worker listen on.'),
  PORT: whole(0, 65535).default(3000).describe("The producer's port. 0 takes a free port."),
  WORKER_PORT: whole(0, 65535)
    .default(3001)
    .describe("The worker's port for health and metrics. 0 takes a free port."),
  PUBLIC_URL: httpUrl
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe(
      'The URL at which callers reach the API, used in links. Unset: the address of the request; in webhooks, http://127.0.0.1:PORT.',
    ),
  API_KEYS: z
    .string()
    .transform((text, context): ApiKey[] => {
      const keys = parseApiKeys(text);
      if (keys) return keys;
      context.addIssue({ code: 'custom', message: API_KEY_FORM });
      return z.NEVER;
    })
    .default([])
    .describe(
      'The API keys, as `npx -y pnpm@12 new-key` prints them. Unset: every caller is tenant `default` with all roles, and HOST must be a loopback address.',
    ),
  API_RATE_PER_SECOND: whole(1, 100_000)
    .default(100)
    .describe('Requests per second of one key, counted over all producers.'),
  WRONG_KEYS_PER_MINUTE: whole(1, 1_000_000)
    .default(30)
    .describe(
      'Wrong API keys that one producer answers with 401 per minute and address; more get 429. A right key is always accepted.',
    ),
  MAX_WAITING_PER_KEY: whole(1, 100_000)
    .default(500)
    .describe(
      'Event streams and requests with `wait` that one key may have open at the same time at one producer.',
    ),
  MAX_CONNECTIONS: whole(10, 100_000)
    .default(5_000)
    .describe('Connections that one producer serves at the same time.'),
  BODY_TIMEOUT_MS: whole(1_000, 3_600_000)
    .default(120_000)
    .describe('How long a request with a key may take to send its body. Milliseconds.'),
  ANONYMOUS_BODY_TIMEOUT_MS: whole(100, 3_600_000)
    .default(10_000)
    .describe(
      "How long a request without a valid key, such as a provider's webhook, may take to send its body. Milliseconds.",
    ),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('.darkroom')
    .describe('The folder of the embedded engine, the folder store and temporary files.'),
  QUEUE_URL: z
    .string()
    .optional()
    .describe('The URL of Redis. Unset: the embedded engine in DATA_DIR, for `start` only.'),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[\w-]+$/, { error: 'letters, digits, - and _' })
    .default('darkroom')
    .describe('The prefix of every queue key.'),
  STORE_URL: url(['s3', 'file'])
    .optional()
    .describe('The object store: `s3://bucket/prefix` or `file:///folder`. Unset: DATA_DIR/store.'),
  S3_ENDPOINT: httpUrl
    .optional()
    .describe('The URL of an S3 server other than AWS, with path-style addresses.'),
  AWS_REGION: z
    .string()
    .optional()
    .describe('The region of the bucket. Credentials come from the AWS credential chain.'),
  INTAKE_JOURNAL: oneOf(['on', 'off'])
    .default('on')
    .describe(
      '`on`: a render is accepted after its request is in the object store, so it survives the loss of the queue. `off`: accepted renders are as durable as the queue.',
    ),
  INTAKE_JOURNAL_WAIT_MS: whole(0, 1000)
    .default(5)
    .describe(
      'How long a single request waits for others, so that they share one object of the journal. 0: each has its own. Milliseconds.',
    ),
  INTAKE_WITHOUT_STORE: oneOf(['refuse', 'accept'])
    .default('refuse')
    .describe(
      'While the object store is away: `refuse` answers 503, `accept` accepts renders that only the queue has.',
    ),
  QUEUE_SYNC: oneOf(['off', 'waitaof'])
    .default('off')
    .describe(
      '`waitaof`: a render is accepted after Redis has written it to its append-only file on disk. Requires Redis 7.2 or later with `appendonly yes`.',
    ),
  TOAPIS_BASE_URL: httpUrl.optional().describe("The provider's base URL. Unset: https://toapis.com."),
  TOAPIS_API_KEY: z
    .string()
    .min(1)
    .optional()
    .describe("The provider's API key. Workers require it; producers use it for the balance endpoints."),
  TOAPIS_WEBHOOK_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The secret of the provider's webhooks; two, separated by a comma, during a rotation. Enables POST /v1/webhooks/toapis.",
    ),
  TOAPIS_SUBMIT_PER_SECOND: whole(1, 1000)
    .default(5)
    .describe('Submissions per second, by all workers together (I9).'),
  TENANT_SHARES: perTenant(
    `a whole number from 1 to ${MAX_TENANT_SHARE}`,
    (value) => /^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_TENANT_SHARE,
  ).describe(
    'How tenants whose renders wait in the same lane share the submission quota: `tenant=share` entries, such as `acme=3,other=1`. Others have 1, or the share that stands without a tenant. Set the same for producers and workers.',
  ),
  TOAPIS_QUERY_PER_SECOND: whole(1, 10000)
    .default(50)
    .describe('Status queries per second, by all workers together.'),
  MAX_SUBMISSIONS_PER_MINUTE: whole(30, 60_000)
    .optional()
    .describe(
      'The highest submission quota that an operator can set at run time. Unset: twice TOAPIS_SUBMIT_PER_SECOND. For producers.',
    ),
  MAX_POLLS_PER_SECOND: whole(1, 20_000)
    .optional()
    .describe(
      'The highest poll quota that an operator can set at run time. Unset: twice TOAPIS_QUERY_PER_SECOND. For producers.',
    ),
  TOAPIS_INPUTS: oneOf(['upload', 'inline'])
    .default('upload')
    .describe(
      'How the worker sends reference images: `upload` before the submission (the documented way), or `inline` as data URIs.',
    ),
  SUBMIT_TIMEOUT_MS: whole(100, 600_000)
    .default(60_000)
    .describe('The outcome of a submission without a response in this time is unknown. Milliseconds.'),
  SUBMIT_ATTEMPTS: whole(1, 1000)
    .default(25)
    .describe('How many times the worker tries a submission while it is certain that nothing was bought.'),
  TASK_DEADLINE_MS: whole(1000, 86_400_000)
    .default(900_000)
    .describe('After this time a task counts as timed out. Milliseconds.'),
  TASK_MISSING_GRACE_MS: whole(0, 3_600_000)
    .default(60_000)
    .describe(
      'How long the provider may answer 404 for a task before the task counts as lost. Milliseconds.',
    ),
  EXPECTED_LATENCY_MS: whole(10, 600_000)
    .default(15_000)
    .describe('How long a task usually takes; the poll schedule starts from this value. Milliseconds.'),
  MAX_PURCHASES: whole(1, 10).default(3).describe('How many purchases one render may have at most.'),
  SUBMIT_UNKNOWN: oneOf(['hold', 'resubmit'])
    .default('hold')
    .describe(
      'After a submission with an unknown outcome: `hold` for an operator, or `resubmit`, which may buy twice.',
    ),
  UNKNOWN_GRACE_MS: whole(0, 86_400_000)
    .default(900_000)
    .describe(
      "How long a submission with an unknown outcome waits for the provider's webhook. Milliseconds.",
    ),
  RESULT_HOSTS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((host) => host.trim().toLowerCase())
        .filter(Boolean),
    )
    .default([])
    .describe(
      "More hosts that results may be downloaded from. The provider's documented hosts and the host of TOAPIS_BASE_URL are always allowed.",
    ),
  ALLOW_PRIVATE_HOSTS: flag
    .default(false)
    .describe('Allows downloads from, and webhooks to, loopback and private addresses.'),
  RESULT_MAX_BYTES: whole(1024, 1_073_741_824)
    .default(64 * 1024 * 1024)
    .describe('The largest result that a worker downloads. Bytes.'),
  DOWNLOAD_TIMEOUT_MS: whole(100, 3_600_000)
    .default(120_000)
    .describe('The time limit of one download. Milliseconds.'),
  IMAGE_KEY: z
    .string()
    .refine((text) => text.includes('{id}') && /^[\w.={}/-]+$/.test(text) && !text.includes('..'), {
      error: 'a key template with {id}, made of letters, digits, . _ = - / and {tenant} {date} {ext}',
    })
    .default('images/{id}.{ext}')
    .describe('The key of a stored image, with {id}, {tenant}, {date} and {ext}.'),
  BUDGET_REFRESH_MS: whole(100, 60_000)
    .default(2_000)
    .describe(
      'How often a worker reads the budgets from the store, in milliseconds. Without a store for twice that time, nothing is bought.',
    ),
  RECONCILE_RESOLVE: oneOf(['off', 'on'])
    .default('off')
    .describe(
      'With `on`, a reconciliation resolves the unknown purchases when the balance of the provider proves that all or none were charged. Only for an account with which no other program buys.',
    ),
  PRICES: z
    .string()
    .refine(
      (text) => text.split(',').length === 3 && text.split(',').every((part) => PRICES.test(part.trim())),
      {
        error: 'three prices in US dollars for 1K,2K,4K, such as 0.025,0.030,0.040',
      },
    )
    .transform(
      (text) => text.split(',').map((part) => Math.round(Number(part) * 1e6)) as [number, number, number],
    )
    .default([25_000, 30_000, 40_000])
    .describe("The provider's prices for 1K,2K,4K. US dollars."),
  WEBHOOK_URLS: perTenant(
    'an http(s) URL',
    (value) => /^https?:\/\/\S+$/.test(value) && URL.canParse(value),
  ).describe(
    'The receiver of webhooks for renders without `webhook_url`: a URL for all tenants, or `tenant=URL` entries.',
  ),
  WEBHOOK_SECRETS: perTenant('whsec_…', (value) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(value)).describe(
    'The secrets that sign webhooks: `whsec_…`, or `tenant=whsec_…` entries. Set several during a rotation.',
  ),
  WEBHOOK_TIMEOUT_MS: whole(100, 60_000)
    .default(10_000)
    .describe('The time limit of one webhook request. Milliseconds.'),
  WEBHOOK_CONCURRENCY: whole(1, MAX_CONCURRENCY.webhook)
    .default(32)
    .describe('How many webhooks one worker sends at the same time.'),
  RENDER_CONCURRENCY: whole(1, MAX_CONCURRENCY.render)
    .default(100)
    .describe('How many renders one worker processes at the same time; most of the work is polls.'),
  SUBMIT_CONCURRENCY: whole(1, MAX_CONCURRENCY.submit)
    .default(50)
    .describe('How many submissions one worker has in flight at the same time.'),
  STORE_CONCURRENCY: whole(1, MAX_CONCURRENCY.store)
    .default(8)
    .describe('How many images one worker downloads and stores at the same time.'),
  SHUTDOWN_TIMEOUT_MS: whole(0, 600_000)
    .default(30_000)
    .describe('How long a process waits for running work after SIGTERM. Milliseconds.'),
  LOCK_DURATION_MS: whole(1000, 600_000)
    .default(30_000)
    .describe(
      'The lifetime of a job lock; another worker takes over a job whose lock has expired. Milliseconds.',
    ),
  RETENTION_DAYS: whole(1, 365)
    .default(7)
    .describe(
      'How many days finished renders stay in the queue; failed ones stay four times as long. Receipts in the store stay without limit.',
    ),
  MAX_BODY_BYTES: whole(1024, 1_073_741_824)
    .default(64 * 1024 * 1024)
    .describe('The largest request body that can contain images; for NDJSON, the largest line. Bytes.'),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Settings whose value is never shown. */
export const SECRET_SETTINGS: readonly string[] = [
  'TOAPIS_API_KEY',
  'TOAPIS_WEBHOOK_SECRET',
  'QUEUE_URL',
  'API_KEYS',
  'WEBHOOK_URLS',
  'WEBHOOK_SECRETS',
];
