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
    error: `a URL that begins with ${schemes.map((scheme) => `${scheme}:`).join(' or ')}`,
  });
const httpUrl = url(['http', 'https']).refine((text) => URL.canParse(text), { error: 'a whole http(s) URL' });
const perTenant = (what: string, right: (value: string) => boolean) =>
  z
    .string()
    .transform((text, context): TenantValue[] => {
      const read = parseTenantValues(text);
      if (read?.every(({ value }) => right(value))) return read;
      context.addIssue({
        code: 'custom',
        message: `${what} for everybody, or tenant=${what} entries, separated by commas`,
      });
      return z.NEVER;
    })
    .default([]);
const PRICES = /^\d+(\.\d{1,6})?$/;

/**
 * Every setting, read from the environment, with its meaning and default: help texts and docs/settings.md are made
 * from here. All may be absent; what production must not leave out is checked in `parse.ts`.
 */
export const settingsSchema = z.object({
  NODE_ENV: z
    .string()
    .default('development')
    .describe('`production` makes embedded engines and missing keys an error.'),
  HOST: z.string().default('127.0.0.1').describe('Interface that services bind to.'),
  PORT: whole(0, 65535).default(3000).describe("The producer's port; 0 takes a free one."),
  WORKER_PORT: whole(0, 65535).default(3001).describe("The worker's health and metrics port."),
  PUBLIC_URL: httpUrl
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe(
      'Where callers reach the API, for links; unset: the address that a request came to, in webhooks http://127.0.0.1:PORT.',
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
      'Who may call, as `pnpm new-key` prints it. Without keys everybody is tenant `default`, and HOST must be loopback.',
    ),
  API_RATE_PER_SECOND: whole(1, 100_000)
    .default(100)
    .describe('Requests per second of one key, of all producers together.'),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('fatal, error, warn, info, debug, trace or silent.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('.darkroom')
    .describe('Embedded engines, folder store, temporary files.'),
  QUEUE_URL: z.string().optional().describe('Redis; unset: the embedded engine in DATA_DIR.'),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[\w-]+$/, { error: 'letters, digits, - and _' })
    .default('darkroom')
    .describe('Prefix of every queue key.'),
  STORE_URL: url(['s3', 'file'])
    .optional()
    .describe('`s3://bucket/prefix` or `file:///folder`; unset: DATA_DIR/store.'),
  S3_ENDPOINT: httpUrl.optional().describe('An S3 server other than AWS, addressed by path.'),
  AWS_REGION: z
    .string()
    .optional()
    .describe("Region of the bucket; credentials come from AWS's usual chain."),
  TOAPIS_BASE_URL: httpUrl.optional().describe("The provider's base URL; unset: https://toapis.com."),
  TOAPIS_API_KEY: z.string().min(1).optional().describe("The provider's key. Workers need it."),
  TOAPIS_WEBHOOK_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Secret of the provider's webhooks; two, separated by a comma, while rotating. Turns on POST /v1/webhooks/toapis.",
    ),
  TOAPIS_SUBMIT_PER_SECOND: whole(1, 1000)
    .default(5)
    .describe('Submissions per second of the whole account (I9).'),
  TOAPIS_QUERY_PER_SECOND: whole(1, 10000)
    .default(50)
    .describe('Status queries per second of the whole account.'),
  TOAPIS_INPUTS: oneOf(['upload', 'inline'])
    .default('upload')
    .describe(
      'How reference images travel: `upload` first (what the provider documents now) or `inline` as data URIs.',
    ),
  SUBMIT_TIMEOUT_MS: whole(100, 600_000)
    .default(60_000)
    .describe('A submission without an answer for this long is unknown.'),
  SUBMIT_ATTEMPTS: whole(1, 1000)
    .default(25)
    .describe('Submissions that were certainly not bought are tried this often.'),
  TASK_DEADLINE_MS: whole(1000, 86_400_000)
    .default(900_000)
    .describe('How long a task may take before it counts as lost.'),
  TASK_MISSING_GRACE_MS: whole(0, 3_600_000)
    .default(60_000)
    .describe('How long a task may be answered with 404 before it is lost.'),
  EXPECTED_LATENCY_MS: whole(10, 600_000)
    .default(15_000)
    .describe('What a finished task usually takes; the poll planner starts from it.'),
  MAX_PURCHASES: whole(1, 10).default(3).describe('Purchases of one render at the most.'),
  SUBMIT_UNKNOWN: oneOf(['hold', 'resubmit'])
    .default('hold')
    .describe('An unknown submission is held for a person, or bought again.'),
  UNKNOWN_GRACE_MS: whole(0, 86_400_000)
    .default(900_000)
    .describe("How long an unknown submission waits for the provider's word."),
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
      "Hosts that results may be fetched from, besides the provider's documented ones and the base URL's.",
    ),
  ALLOW_PRIVATE_HOSTS: flag
    .default(false)
    .describe('Whether results may come from, and webhooks go to, loopback and private addresses.'),
  RESULT_MAX_BYTES: whole(1024, 1_073_741_824)
    .default(64 * 1024 * 1024)
    .describe('A result may be this large. Bytes.'),
  DOWNLOAD_TIMEOUT_MS: whole(100, 3_600_000).default(120_000).describe('A download may take this long.'),
  IMAGE_KEY: z
    .string()
    .refine((text) => text.includes('{id}') && /^[\w.={}/-]+$/.test(text) && !text.includes('..'), {
      error: 'a key template with {id}, made of letters, digits, . _ = - / and {tenant} {date} {ext}',
    })
    .default('images/{id}.{ext}')
    .describe('Key of a stored image: {id}, {tenant}, {date}, {ext}.'),
  PRICES: z
    .string()
    .refine(
      (text) => text.split(',').length === 3 && text.split(',').every((part) => PRICES.test(part.trim())),
      {
        error: 'three prices in dollars for 1K,2K,4K, such as 0.025,0.030,0.040',
      },
    )
    .transform(
      (text) => text.split(',').map((part) => Math.round(Number(part) * 1e6)) as [number, number, number],
    )
    .default([25_000, 30_000, 40_000])
    .describe('US dollars for 1K,2K,4K.'),
  WEBHOOK_URLS: perTenant(
    'an http(s) URL',
    (value) => /^https?:\/\/\S+$/.test(value) && URL.canParse(value),
  ).describe('Where the ends of renders are told that name no webhook_url: a URL, or `tenant=URL` entries.'),
  WEBHOOK_SECRETS: perTenant('whsec_…', (value) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(value)).describe(
    'What webhooks are signed with: `whsec_…`, or `tenant=whsec_…` entries; several while rotating.',
  ),
  WEBHOOK_TIMEOUT_MS: whole(100, 60_000)
    .default(10_000)
    .describe('A receiver that has not answered for this long did not take the webhook.'),
  WEBHOOK_CONCURRENCY: whole(1, 1000).default(32).describe('Webhooks that one worker has under way.'),
  RENDER_CONCURRENCY: whole(1, 2000)
    .default(100)
    .describe('Renders that one worker advances at the same time; mostly looks.'),
  SUBMIT_CONCURRENCY: whole(1, 1000).default(50).describe('Submissions that one worker has under way.'),
  STORE_CONCURRENCY: whole(1, 256)
    .default(8)
    .describe('Images that one worker brings home at the same time.'),
  SHUTDOWN_TIMEOUT_MS: whole(0, 600_000)
    .default(30_000)
    .describe('How long SIGTERM waits for running steps.'),
  LOCK_DURATION_MS: whole(1000, 600_000)
    .default(30_000)
    .describe('Milliseconds until an active job of a dead worker is taken over.'),
  RETENTION_DAYS: whole(1, 365)
    .default(7)
    .describe('Days that finished renders stay in the queue; receipts stay for ever.'),
  MAX_BODY_BYTES: whole(1024, 1_073_741_824)
    .default(64 * 1024 * 1024)
    .describe('A request body may be this large. Bytes.'),
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
