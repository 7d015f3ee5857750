/**
 * The type of a fault parameter. Durations are provider time: `timeScale` shortens them. An `httpStatus` is the
 * number 200 or a number from 400 to 599.
 */
export type ParamType = 'number' | 'string' | 'httpStatus';

/** The point of a request or task at which a fault applies. At most one fault applies at each point. */
export type FaultPoint =
  | 'delay'
  | 'request'
  | 'accepted'
  | 'outcome'
  | 'status'
  | 'query'
  | 'download'
  | 'webhook';

interface FaultKindSpec {
  point: FaultPoint;
  effect: string;
  params: Record<string, ParamType>;
  /** A directive of this kind applies every time, not once per task. */
  repeating?: true;
}

const message = { message: 'string' } as const;
const status = { status: 'httpStatus' } as const;
const retryAfter = { retryAfterSeconds: 'number', ...message } as const;

/** All faults: where each applies, its effect in one line for `--help`, its parameters. */
export const FAULT_KINDS = {
  slow: { point: 'delay', effect: 'answers after `ms` (5000)', params: { ms: 'number' } },

  refuse_content: { point: 'request', effect: '422 content_policy_violation', params: message },
  invalid_request: { point: 'request', effect: '400 invalid_request', params: message },
  unauthorized: { point: 'request', effect: '401 unauthorized', params: message },
  insufficient_quota: { point: 'request', effect: '402 insufficient_quota', params: message },
  rate_limited: { point: 'request', effect: '429 with Retry-After (1)', params: retryAfter },
  rate_limit_unavailable: { point: 'request', effect: '503 with Retry-After (1)', params: retryAfter },
  no_channel: { point: 'request', effect: '503 no available channel', params: retryAfter },
  internal_error: {
    point: 'request',
    effect: '500; `form` envelope (default), message or success_false',
    params: { form: 'string', ...message },
  },
  html: { point: 'request', effect: '`status` (502) with a gateway HTML page', params: status },
  html_502: { point: 'request', effect: '502 with a gateway HTML page', params: {} },
  html_504: { point: 'request', effect: '504 with a gateway HTML page', params: {} },
  hang: { point: 'request', effect: 'never answers', params: {} },
  cut_before: { point: 'request', effect: 'connection destroyed, nothing bought', params: {} },

  accept_then_cut: {
    point: 'accepted',
    effect: 'task created and charged, connection destroyed before any answer',
    params: {},
  },
  accept_then_hang: { point: 'accepted', effect: 'task created and charged, never answers', params: {} },
  accept_then_html: {
    point: 'accepted',
    effect: 'task created and charged, `status` (504) with a gateway HTML page',
    params: status,
  },
  accept_then_504: {
    point: 'accepted',
    effect: 'task created and charged, 504 with a gateway HTML page',
    params: {},
  },
  accept_garbage: {
    point: 'accepted',
    effect: 'task created and charged, 200 with `form` not_json (default) or no_id',
    params: { form: 'string' },
  },

  fail_task: { point: 'outcome', effect: 'fails: generation_failed, refunded', params: message },
  fail_task_content: {
    point: 'outcome',
    effect: 'fails with "upstream returned status 422", refunded',
    params: message,
  },
  stuck: { point: 'outcome', effect: 'never ends', params: {} },
  unknown_status: {
    point: 'status',
    effect: 'reports `status` (reviewing) instead of queued and in_progress, for `forMs` (until the end)',
    params: { status: 'string', forMs: 'number' },
  },
  first_status: {
    point: 'status',
    effect: 'reports `status` (pending) instead of queued',
    params: { status: 'string' },
  },

  query_500: { point: 'query', effect: '500', params: { forMs: 'number', form: 'string', ...message } },
  query_html: {
    point: 'query',
    effect: '`status` (502) with a gateway HTML page',
    params: { forMs: 'number', ...status },
  },
  query_bad_json: { point: 'query', effect: '200 with half a JSON document', params: { forMs: 'number' } },
  query_429: {
    point: 'query',
    effect: '429 with Retry-After (1)',
    params: { forMs: 'number', ...retryAfter },
  },
  query_404: {
    point: 'query',
    effect: '404; `form` envelope (default), numeric, message or success_false',
    params: { forMs: 'number', form: 'string' },
  },
  query_cut: { point: 'query', effect: 'connection destroyed', params: { forMs: 'number' } },
  query_hang: { point: 'query', effect: 'never answers', params: { forMs: 'number' } },
  other_id: { point: 'query', effect: 'the correct answer under another id', params: { forMs: 'number' } },

  truncated: {
    point: 'download',
    effect: 'the first `share` (0.5) of the file, with the length of that part',
    params: { forMs: 'number', share: 'number' },
  },
  download_cut: {
    point: 'download',
    effect: 'the whole length announced, connection cut after `share` (0.5)',
    params: { forMs: 'number', share: 'number' },
  },
  wrong_content_type: { point: 'download', effect: '200 with an HTML page', params: { forMs: 'number' } },
  download_html: {
    point: 'download',
    effect: '`status` (404) with a gateway HTML page',
    params: { forMs: 'number', ...status },
  },
  download_500: { point: 'download', effect: '500', params: { forMs: 'number' } },
  download_slow: {
    point: 'download',
    effect: 'the file in 20 pieces over `ms` (10000)',
    params: { forMs: 'number', ms: 'number' },
  },
  download_hang: { point: 'download', effect: 'never answers', params: { forMs: 'number' } },
  expired: { point: 'download', effect: '403, like after expires_at', params: {}, repeating: true },
  redirect: {
    point: 'download',
    effect: '302 to `to` (the same URL)',
    params: { forMs: 'number', to: 'string' },
  },
  oversize: { point: 'download', effect: 'a body without end', params: { forMs: 'number' } },
  large: {
    point: 'download',
    effect: 'a valid image of `bytes` (25000000)',
    params: { bytes: 'number' },
    repeating: true,
  },

  webhook_lost: { point: 'webhook', effect: 'no webhook for this task', params: {} },
  webhook_twice: { point: 'webhook', effect: 'the same webhook twice', params: {} },
  webhook_late: { point: 'webhook', effect: 'the webhook `ms` (60000) late', params: { ms: 'number' } },
} as const satisfies Record<string, FaultKindSpec>;

type Kinds = typeof FAULT_KINDS;
export type FaultKind = keyof Kinds;
type ParamValue<T> = T extends 'string' ? string : number;

/** A kind with its parameters. */
export type Fault = {
  [K in FaultKind]: { kind: K } & {
    -readonly [P in keyof Kinds[K]['params']]?: ParamValue<Kinds[K]['params'][P]>;
  };
}[FaultKind];

/** The kinds that apply at one point. */
export type FaultAt<P extends FaultPoint> = {
  [K in FaultKind]: Kinds[K]['point'] extends P ? Extract<Fault, { kind: K }> : never;
}[FaultKind];

export const ROUTES = ['submit', 'query', 'download', 'upload', 'balance'] as const;
export type Route = (typeof ROUTES)[number];

/** Restricts a rule to some requests or tasks. All given fields must match. */
export interface FaultMatch {
  /** Only for kinds of the points `request` and `delay`. @default submit */
  route?: Route;
  promptIncludes?: string;
  clientBusinessId?: string;
  taskId?: string;
  /**
   * The probability that the fault applies to a match, from 0 to 1. Without a rate it applies to the next
   * `times` matches.
   */
  rate?: number;
  /** How often the fault applies at most. @default 1 without a rate, no limit with a rate */
  times?: number;
  /** The number of matches to skip first. @default 0 */
  skip?: number;
}

export type FaultRule = Fault & FaultMatch;

export function getFaultPoint(kind: FaultKind): FaultPoint {
  return FAULT_KINDS[kind].point;
}

export function isRepeating(kind: FaultKind): boolean {
  return 'repeating' in FAULT_KINDS[kind];
}

export function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(FAULT_KINDS, name);
}
