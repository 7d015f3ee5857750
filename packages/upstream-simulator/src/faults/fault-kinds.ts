/** A parameter of a fault. Durations are provider time: `timeScale` shortens them like everything else. */
type ParamType = 'number' | 'string';

/** Where in a request's or a task's life a fault strikes. At most one fault strikes at each point. */
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
  does: string;
  params: Record<string, ParamType>;
  /** In a prompt: strikes every time. Otherwise once per task, so that the task can end well. */
  lasting?: true;
}

const message = { message: 'string' } as const;
const retryAfter = { retryAfterSeconds: 'number', ...message } as const;

/** Every fault this server can play, its parameters, and its one line for `--help` and the README. */
export const FAULT_KINDS = {
  slow: { point: 'delay', does: 'answers after `ms` (5000)', params: { ms: 'number' } },

  refuse_content: { point: 'request', does: '422 content_policy_violation', params: message },
  invalid_request: { point: 'request', does: '400 invalid_request', params: message },
  unauthorized: { point: 'request', does: '401 unauthorized', params: message },
  insufficient_quota: { point: 'request', does: '402 insufficient_quota', params: message },
  rate_limited: { point: 'request', does: '429 with Retry-After (1)', params: retryAfter },
  rate_limit_unavailable: { point: 'request', does: '503 with Retry-After (1)', params: retryAfter },
  no_channel: { point: 'request', does: '503 no available channel', params: retryAfter },
  internal_error: {
    point: 'request',
    does: '500; `form` envelope (default), message or success_false',
    params: { form: 'string', ...message },
  },
  html_502: { point: 'request', does: '502 with a gateway HTML page', params: {} },
  html_504: { point: 'request', does: '504 with a gateway HTML page', params: {} },
  hang: { point: 'request', does: 'never answers', params: {} },
  cut_before: { point: 'request', does: 'connection destroyed, nothing done', params: {} },

  accept_then_cut: {
    point: 'accepted',
    does: 'task created and charged, connection destroyed before any answer',
    params: {},
  },
  accept_then_hang: { point: 'accepted', does: 'task created and charged, never answers', params: {} },
  accept_then_504: {
    point: 'accepted',
    does: 'task created and charged, 504 with a gateway HTML page',
    params: {},
  },
  accept_garbage: {
    point: 'accepted',
    does: 'task created and charged, 200 with `form` not_json (default) or no_id',
    params: { form: 'string' },
  },

  fail_task: { point: 'outcome', does: 'fails: generation_failed, refunded', params: message },
  fail_task_content: {
    point: 'outcome',
    does: 'fails with "upstream returned status 422", refunded',
    params: message,
  },
  stuck: { point: 'outcome', does: 'never ends', params: {} },
  unknown_status: {
    point: 'status',
    does: 'says `status` (reviewing) instead of queued and in_progress, for `forMs` (until the end)',
    params: { status: 'string', forMs: 'number' },
  },
  first_status: {
    point: 'status',
    does: 'says `status` (pending) instead of queued',
    params: { status: 'string' },
  },

  query_500: { point: 'query', does: '500', params: { forMs: 'number', form: 'string', ...message } },
  query_html: { point: 'query', does: '502 with HTML', params: { forMs: 'number' } },
  query_bad_json: { point: 'query', does: '200 with half a JSON document', params: { forMs: 'number' } },
  query_429: { point: 'query', does: '429 with Retry-After (1)', params: { forMs: 'number', ...retryAfter } },
  query_404: {
    point: 'query',
    does: '404; `form` envelope (default), numeric, message or success_false',
    params: { forMs: 'number', form: 'string' },
  },
  query_cut: { point: 'query', does: 'connection destroyed', params: { forMs: 'number' } },
  query_hang: { point: 'query', does: 'never answers', params: { forMs: 'number' } },
  other_id: { point: 'query', does: 'a right answer under another id', params: { forMs: 'number' } },

  truncated: {
    point: 'download',
    does: 'the first `share` (0.5) of the file, with the length of that part',
    params: { forMs: 'number', share: 'number' },
  },
  download_cut: {
    point: 'download',
    does: 'the whole length announced, connection cut after `share` (0.5)',
    params: { forMs: 'number', share: 'number' },
  },
  wrong_content_type: { point: 'download', does: '200 with an HTML page', params: { forMs: 'number' } },
  download_500: { point: 'download', does: '500', params: { forMs: 'number' } },
  download_slow: {
    point: 'download',
    does: 'the file in 20 pieces over `ms` (10000)',
    params: { forMs: 'number', ms: 'number' },
  },
  download_hang: { point: 'download', does: 'never answers', params: { forMs: 'number' } },
  expired: { point: 'download', does: '403 as after expires_at', params: {}, lasting: true },
  redirect: {
    point: 'download',
    does: '302 to `to` (the same URL)',
    params: { forMs: 'number', to: 'string' },
  },
  oversize: { point: 'download', does: 'a body without end', params: { forMs: 'number' } },
  large: {
    point: 'download',
    does: 'a valid picture of `bytes` (25000000)',
    params: { bytes: 'number' },
    lasting: true,
  },

  webhook_lost: { point: 'webhook', does: 'no webhook for this task', params: {} },
  webhook_twice: { point: 'webhook', does: 'the same webhook two times', params: {} },
  webhook_late: { point: 'webhook', does: 'the webhook `ms` (60000) late', params: { ms: 'number' } },
} as const satisfies Record<string, FaultKindSpec>;

type Kinds = typeof FAULT_KINDS;
export type FaultKind = keyof Kinds;
type ParamValue<T> = T extends 'number' ? number : string;

/** A kind with its parameters. */
export type Fault = {
  [K in FaultKind]: { kind: K } & {
    -readonly [P in keyof Kinds[K]['params']]?: ParamValue<Kinds[K]['params'][P]>;
  };
}[FaultKind];

/** The kinds that can strike at one point. */
export type FaultAt<P extends FaultPoint> = {
  [K in FaultKind]: Kinds[K]['point'] extends P ? Extract<Fault, { kind: K }> : never;
}[FaultKind];

export const ROUTES = ['submit', 'query', 'download', 'upload', 'balance'] as const;
export type Route = (typeof ROUTES)[number];

/** Which requests or tasks a rule is for. All that are given must hold. */
export interface FaultMatch {
  /** For the kinds of the points `request` and `delay`. @default submit */
  route?: Route;
  promptIncludes?: string;
  clientBusinessId?: string;
  taskId?: string;
  /**
   * The probability of each match, 0 to 1; 1 is "always". Without a rate the rule is scripted:
   * it strikes the next `times` matches.
   */
  rate?: number;
  /** How often it strikes at most. @default 1 without a rate, no limit with one */
  times?: number;
  /** Lets that many matches pass first. @default 0 */
  skip?: number;
}

export type FaultRule = Fault & FaultMatch;

export function getFaultPoint(kind: FaultKind): FaultPoint {
  return FAULT_KINDS[kind].point;
}

export function isRepeating(kind: FaultKind): boolean {
  return 'lasting' in FAULT_KINDS[kind];
}

export function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(FAULT_KINDS, name);
}
