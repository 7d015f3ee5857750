import { z } from 'zod';

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { error: `a whole number from ${min} to ${max}` });
const flag = z.enum(['true', 'false'], { error: '"true" or "false"' }).transform((text) => text === 'true');
const url = (schemes: string[]) =>
  z.string().refine((text) => schemes.some((scheme) => text.startsWith(`${scheme}:`)), {
    error: `a URL that begins with ${schemes.map((scheme) => `${scheme}:`).join(' or ')}`,
  });
const httpUrl = url(['http', 'https']).refine((text) => URL.canParse(text), { error: 'a whole http(s) URL' });
const PRICES = /^\d+(\.\d{1,6})?$/;

/**
 * Every setting, read from the environment. All have a default or may be absent; what production must not leave
 * out is checked in `parse.ts`.
 */
export const settingsSchema = z.object({
  NODE_ENV: z.string().default('development'),
  /** Interface that services bind to. @default 127.0.0.1 */
  HOST: z.string().default('127.0.0.1'),
  /** The producer's port; 0 takes a free one. @default 3000 */
  PORT: whole(0, 65535).default(3000),
  /** The worker's health and metrics port. @default 3001 */
  WORKER_PORT: whole(0, 65535).default(3001),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Embedded engines, folder store, temporary files. @default .darkroom */
  DATA_DIR: z.string().min(1).default('.darkroom'),
  /** Redis; unset: the embedded engine in DATA_DIR. */
  QUEUE_URL: z.string().optional(),
  /** Prefix of every queue key. @default darkroom */
  QUEUE_PREFIX: z
    .string()
    .regex(/^[\w-]+$/, { error: 'letters, digits, - and _' })
    .default('darkroom'),
  /** `s3://bucket/prefix` or `file:///folder`; unset: DATA_DIR/store. */
  STORE_URL: url(['s3', 'file']).optional(),
  S3_ENDPOINT: httpUrl.optional(),
  AWS_REGION: z.string().optional(),
  /** The provider's base URL. @default https://toapis.com */
  TOAPIS_BASE_URL: httpUrl.optional(),
  TOAPIS_API_KEY: z.string().min(1).optional(),
  /** Submissions per second of the whole account (I9). @default 5 */
  TOAPIS_SUBMIT_PER_SECOND: whole(1, 1000).default(5),
  /** Status queries per second of the whole account. @default 50 */
  TOAPIS_QUERY_PER_SECOND: whole(1, 10000).default(50),
  /** How reference images travel: `upload` first (what the provider documents now) or `inline` as data URIs. */
  TOAPIS_INPUTS: z.enum(['upload', 'inline']).default('upload'),
  /** A submission without an answer for this long is unknown. @default 60000 */
  SUBMIT_TIMEOUT_MS: whole(100, 600_000).default(60_000),
  /** Submissions that were certainly not bought are tried this often. @default 25 */
  SUBMIT_ATTEMPTS: whole(1, 1000).default(25),
  /** How long a task may take before it counts as lost. @default 900000 */
  TASK_DEADLINE_MS: whole(1000, 86_400_000).default(900_000),
  /** How long a task may be answered with 404 before it is lost. @default 60000 */
  TASK_MISSING_GRACE_MS: whole(0, 3_600_000).default(60_000),
  /** What a finished task usually takes; the poll planner starts from it. @default 15000 */
  EXPECTED_LATENCY_MS: whole(10, 600_000).default(15_000),
  /** Purchases of one render at the most. @default 3 */
  MAX_PURCHASES: whole(1, 10).default(3),
  /** An unknown submission is held for a person, or bought again. @default hold */
  SUBMIT_UNKNOWN: z.enum(['hold', 'resubmit']).default('hold'),
  /** How long an unknown submission waits for the provider's word. @default 900000 */
  UNKNOWN_GRACE_MS: whole(0, 86_400_000).default(900_000),
  /** Hosts that results may be fetched from, besides the provider's documented ones and the base URL's. */
  RESULT_HOSTS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((host) => host.trim().toLowerCase())
        .filter(Boolean),
    )
    .default([]),
  /** Whether results may come from loopback and private addresses. @default false */
  ALLOW_PRIVATE_HOSTS: flag.default(false),
  /** A result may be this large. Bytes. @default 67108864 */
  RESULT_MAX_BYTES: whole(1024, 1_073_741_824).default(64 * 1024 * 1024),
  /** A download may take this long. @default 120000 */
  DOWNLOAD_TIMEOUT_MS: whole(100, 3_600_000).default(120_000),
  /** Key of a stored image: {id}, {tenant}, {date}, {ext}. @default images/{id}.{ext} */
  IMAGE_KEY: z
    .string()
    .refine((text) => text.includes('{id}') && /^[\w.={}/-]+$/.test(text) && !text.includes('..'), {
      error: 'a key template with {id}, made of letters, digits, . _ = - / and {tenant} {date} {ext}',
    })
    .default('images/{id}.{ext}'),
  /** US dollars for 1K,2K,4K. @default 0.025,0.030,0.040 */
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
    .default([25_000, 30_000, 40_000]),
  RENDER_CONCURRENCY: whole(1, 2000).default(100),
  SUBMIT_CONCURRENCY: whole(1, 1000).default(50),
  STORE_CONCURRENCY: whole(1, 256).default(8),
  /** How long SIGTERM waits for running steps. @default 30000 */
  SHUTDOWN_TIMEOUT_MS: whole(0, 600_000).default(30_000),
  /** Milliseconds until an active job of a dead worker is taken over. @default 30000 */
  LOCK_DURATION_MS: whole(1000, 600_000).default(30_000),
  /** Days that finished renders stay in the queue; receipts stay for ever. @default 7 */
  RETENTION_DAYS: whole(1, 365).default(7),
  /** A request body may be this large. Bytes. @default 67108864 */
  MAX_BODY_BYTES: whole(1024, 1_073_741_824).default(64 * 1024 * 1024),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Settings whose value is never shown. */
export const SECRET_SETTINGS: readonly string[] = ['TOAPIS_API_KEY', 'QUEUE_URL'];
