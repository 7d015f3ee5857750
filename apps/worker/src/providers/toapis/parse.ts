import type { BalanceAnswer, StatusAnswer, SubmitAnswer, UploadAnswer } from '../provider.ts';
import { errorOf, isContentRefusal, jsonOf, type Reply, refusalOf, retryAfterOf } from './answers.ts';

/** What the answer to `POST /v1/images/generations` means. */
export function parseSubmit(reply: Reply, now: number): SubmitAnswer {
  const refusal = refusalOf(reply, now);
  if (refusal) return refusal;
  const json = jsonOf(reply);
  const taskId = json?.id ?? json?.task_id;
  if (reply.status < 300 && typeof taskId === 'string' && taskId !== '') return { kind: 'accepted', taskId };
  // A 2xx without an id, a gateway's page, a 500: the task may exist and be paid for.
  const error = errorOf(json);
  return {
    kind: 'unknown',
    reason: `HTTP ${reply.status} without a task id${error.message && `: ${error.message}`}`,
  };
}

const PENDING = new Set(['queued', 'pending', 'submitted', 'in_progress', 'processing']);

/** What the answer to `GET /v1/images/generations/{id}` means. */
export function parseStatus(reply: Reply, now: number): StatusAnswer {
  const json = jsonOf(reply);
  const error = errorOf(json);
  if (reply.status === 404 || /task_not_(exist|found)/i.test(`${error.code} ${error.message}`))
    return { kind: 'missing' };
  if (reply.status === 429) return { kind: 'rate_limited', retryAfterMs: retryAfterOf(reply, now) ?? 2000 };
  if (reply.status !== 200 || typeof json?.status !== 'string') {
    return { kind: 'unreadable', reason: `HTTP ${reply.status}${error.message && `: ${error.message}`}` };
  }
  switch (json.status) {
    case 'completed': {
      const url = urlOf(json);
      return url
        ? { kind: 'completed', url, expiresAt: unixMs(json.expires_at), tookMs: tookMsOf(json) }
        : { kind: 'unreadable', reason: 'completed without a result URL' };
    }
    case 'failed':
      return {
        kind: 'failed',
        // The provider passes an upstream 422 on as a failed task.
        content: isContentRefusal(error) || /status 422\b/.test(error.message),
        message: error.message || error.code || 'the provider gave no reason',
      };
    default: {
      const progress = typeof json.progress === 'number' ? Math.min(Math.max(json.progress, 0), 100) : 0;
      return { kind: 'pending', status: json.status, recognised: PENDING.has(json.status), progress };
    }
  }
}

function urlOf(json: Record<string, unknown>): string | undefined {
  const data = (json.result as { data?: { url?: unknown }[] } | null | undefined)?.data;
  const url = (Array.isArray(data) ? data[0]?.url : undefined) ?? json.url;
  return typeof url === 'string' && URL.canParse(url) ? url : undefined;
}

function tookMsOf(json: Record<string, unknown>): number | undefined {
  const [from, to] = [unixMs(json.created_at), unixMs(json.completed_at)];
  return from !== undefined && to !== undefined && to >= from ? to - from : undefined;
}

/** The provider counts in seconds; a value that can only be milliseconds is taken as such. */
function unixMs(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value > 0)) return undefined;
  return value > 1e11 ? value : value * 1000;
}

/** What the answer to `POST /v1/uploads/images` means. */
export function parseUpload(reply: Reply, now: number): UploadAnswer {
  const refusal = refusalOf(reply, now);
  if (refusal) return refusal;
  const url = (jsonOf(reply)?.data as { url?: unknown } | undefined)?.url;
  if (reply.status < 300 && typeof url === 'string') return { kind: 'uploaded', url };
  return { kind: 'not_bought', reason: `upload: HTTP ${reply.status}` };
}

/** What the answer to `GET /v1/balance` means. The unit depends on the account; only its sign matters here. */
export function parseBalance(reply: Reply): BalanceAnswer {
  if (reply.status === 401 || reply.status === 403) return { kind: 'unauthorized' };
  if (reply.status === 402) return { kind: 'empty' };
  const json = jsonOf(reply);
  if (reply.status !== 200 || json?.success !== true || typeof json.remain_balance !== 'number') {
    return { kind: 'unreadable', reason: errorOf(json).message || `HTTP ${reply.status}` };
  }
  return json.unlimited_quota === true || json.remain_balance > 0 || json.remain_balance === -1
    ? { kind: 'usable' }
    : { kind: 'empty' };
}
