import type { BalanceAnswer, PollAnswer, SubmitAnswer, UploadAnswer } from '../provider.ts';
import {
  classifyRefusal,
  DEFAULT_RETRY_AFTER_MS,
  isContentRefusal,
  isMissingTask,
  type Reply,
  readEnvelope,
  readError,
  readJson,
  readRetryAfter,
} from './refusal.ts';

/** Classifies the response to `POST /v1/images/generations`. */
export function parseSubmit(reply: Reply, now: number): SubmitAnswer {
  const refusal = classifyRefusal(reply, now);
  if (refusal) return refusal;
  const json = readJson(reply);
  const taskId = json?.id ?? json?.task_id;
  if (reply.status < 300 && typeof taskId === 'string' && taskId !== '' && isTask(json))
    return { kind: 'accepted', taskId };
  // A 2xx without an id, a gateway's answer, a 500: the task may exist and be paid for.
  const error = readError(json);
  return {
    kind: 'unknown',
    reason: `HTTP ${reply.status} without a task id${error.message && `: ${error.message}`}`,
  };
}

/** Whether a response describes a task. A gateway's own `{"id":"…"}` does not. */
const isTask = (json: Record<string, unknown> | undefined) =>
  json !== undefined && (json.task_id ?? json.status ?? json.object ?? json.model) !== undefined;

const PENDING = new Set(['queued', 'pending', 'submitted', 'in_progress', 'processing']);

/** Classifies the response to `GET /v1/images/generations/{id}`. */
export function parsePoll(reply: Reply, now: number): PollAnswer {
  const json = readJson(reply);
  const error = readError(json);
  const envelope = readEnvelope(json);
  if (envelope && (reply.status === 404 || isMissingTask(envelope))) return { kind: 'missing' };
  if (reply.status === 429)
    return { kind: 'rate_limited', retryAfterMs: readRetryAfter(reply, now) ?? DEFAULT_RETRY_AFTER_MS };
  if (reply.status !== 200 || typeof json?.status !== 'string') {
    return { kind: 'unreadable', reason: `HTTP ${reply.status}${error.message && `: ${error.message}`}` };
  }
  switch (json.status) {
    case 'completed': {
      const url = readUrl(json);
      return url
        ? { kind: 'completed', url, expiresAt: toUnixMs(json.expires_at), tookMs: readDuration(json) }
        : { kind: 'unreadable', reason: 'completed without a result URL' };
    }
    case 'failed':
      // A failed task is bought again: another sender's status must not be taken for the provider's.
      if (!envelope && json.id === undefined)
        return { kind: 'unreadable', reason: 'failed without an id or an error' };
      return {
        kind: 'failed',
        // The provider passes an upstream 422 on as a failed task.
        content: isContentRefusal(error) || /status 422\b/.test(error.message),
        message: error.message || error.code || 'the provider gave no reason',
      };
    default: {
      const progress = typeof json.progress === 'number' ? Math.min(Math.max(json.progress, 0), 100) : 0;
      return { kind: 'pending', status: json.status, isKnownStatus: PENDING.has(json.status), progress };
    }
  }
}

function readUrl(json: Record<string, unknown>): string | undefined {
  const data = (json.result as { data?: { url?: unknown }[] } | null | undefined)?.data;
  const url = (Array.isArray(data) ? data[0]?.url : undefined) ?? json.url;
  return typeof url === 'string' && URL.canParse(url) ? url : undefined;
}

function readDuration(json: Record<string, unknown>): number | undefined {
  const [from, to] = [toUnixMs(json.created_at), toUnixMs(json.completed_at)];
  return from !== undefined && to !== undefined && to >= from ? to - from : undefined;
}

/** The provider counts in seconds. A value that can only be milliseconds is taken as milliseconds. */
function toUnixMs(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value > 0)) return undefined;
  return value > 1e11 ? value : value * 1000;
}

/** Classifies the response to `POST /v1/uploads/images`. */
export function parseUpload(reply: Reply, now: number): UploadAnswer {
  const refusal = classifyRefusal(reply, now);
  if (refusal) return refusal;
  const url = (readJson(reply)?.data as { url?: unknown } | undefined)?.url;
  if (reply.status < 300 && typeof url === 'string') return { kind: 'uploaded', url };
  return { kind: 'not_bought', reason: `upload: HTTP ${reply.status}` };
}

/** Classifies the response to `GET /v1/balance`. The unit of the balance depends on the account. */
export function parseBalance(reply: Reply): BalanceAnswer {
  const json = readJson(reply);
  if (isKeyRejection(reply)) return { kind: 'unauthorized' };
  if (reply.status === 402 && isProviderReply(reply)) return { kind: 'empty' };
  if (reply.status !== 200 || json?.success !== true || typeof json.remain_balance !== 'number') {
    return { kind: 'unreadable', reason: readError(json).message || `HTTP ${reply.status}` };
  }
  const remaining = json.remain_balance;
  if (json.unlimited_quota === true || remaining === -1) return { kind: 'usable' };
  return { kind: remaining > 0 ? 'usable' : 'empty', remaining };
}

/** Whether the provider itself rejects the API key. */
export const isKeyRejection = (reply: Reply): boolean =>
  (reply.status === 401 || reply.status === 403) && isProviderReply(reply);

/** Whether a response to a poll of an unknown task has the provider's form. */
export const isProviderReply = (reply: Reply): boolean => readEnvelope(readJson(reply)) !== undefined;
