import type { DeadLetter } from '@darkroom/shared/render';
import type { Scrub } from '@darkroom/shared/runtime';
import { describeCost } from '@darkroom/shared/snapshot';

/** The fields of Bull Board's jobs that are used. Any program can write to the queue, so nothing is certain. */
interface BoardJob {
  id?: unknown;
  name: string;
  data: unknown;
  returnvalue?: unknown;
}

type Loose = Record<string, unknown>;

const MAX_PROMPT = 60;

/** `“A lighthouse at dusk…” · 16:9 · 2K`: what people recognize a render by. Bull Board shows the id beside it. */
export function formatRenderName(job: BoardJob): string {
  const request = readObject(job.data, 'request');
  const facts = [quotePrompt(request.prompt), request.size, request.resolution, formatLane(request.priority)];
  return facts.filter(Boolean).join(' · ') || job.name;
}

/** `purchase 2 · “A lighthouse…”` */
export function formatSubmitName(job: BoardJob): string {
  const { attempt } = toObject(job.data);
  return [`purchase ${String(attempt ?? '?')}`, quotePrompt(readObject(job.data, 'request').prompt)]
    .filter(Boolean)
    .join(' · ');
}

export function formatStoreName(job: BoardJob): string {
  const { attempt, renderId } = toObject(job.data);
  return `image of purchase ${String(attempt ?? '?')} · ${String(renderId ?? '')}`;
}

/** `content_policy_violation at submit · “A lighthouse…”` */
export function formatDeadLetterName(job: BoardJob): string {
  const failure = readObject(job.data, 'failure');
  const reason = failure.code ? `${String(failure.code)} at ${String(failure.step)}` : job.name;
  return [reason, quotePrompt(readObject(job.data, 'request').prompt)].filter(Boolean).join(' · ');
}

/** A dead letter, with the fields in the order in which people read them. */
export function formatDeadLetterData(data: unknown): unknown {
  const { failure, cost, createdAt, resultExpiresAt, ...rest } = toObject(data) as Partial<DeadLetter>;
  if (!failure) return data;
  return {
    why: failure.message,
    code: failure.code,
    step: failure.step,
    died: formatTime(failure.at),
    cost: cost && describeCost(cost),
    imageCanBeFetchedUntil: formatTime(resultExpiresAt),
    created: formatTime(createdAt),
    ...rest,
    causes: failure.chain,
  };
}

/** The message of a dead letter, and its causes on lines of their own. */
export function formatDeadLetterReason(data: unknown): string {
  const { code, message, chain } = readObject(data, 'failure');
  const causes = Array.isArray(chain) ? chain : [];
  return [`${String(code ?? 'unknown')}: ${String(message ?? '')}`, ...causes.map(String)].join('\n');
}

/** Why the last attempt of a webhook failed. */
export const formatWebhookReason = (data: unknown): string =>
  String(toObject(data).lastError ?? 'not delivered');

/** A checkpoint with times as dates, and with the most important fields first. */
export function formatRenderData(data: unknown): unknown {
  const { at, request, createdAt, updatedAt, creatorToken: _, ...rest } = toObject(data);
  if (!request) return data;
  return {
    at,
    request,
    created: formatTime(createdAt),
    updated: formatTime(updatedAt),
    ...rest,
  };
}

/** `render.completed → shop.example.com` */
export function formatWebhookName(job: BoardJob): string {
  const { status, run } = toObject(job.data);
  return status
    ? `${run === undefined ? 'render' : 'run'}.${String(status)} → ${formatReceiver(job.data)}`
    : job.name;
}

/** A webhook with times as dates. Only the host of the receiver is shown: the rest of the URL may be a secret (I8). */
export function formatWebhookData(data: unknown): unknown {
  const { to, endedAt, nextAttemptAt, diedAt, lastError, ...rest } = toObject(data);
  if (!to) return data;
  return {
    to: formatReceiver(data),
    lastError,
    ended: formatTime(endedAt),
    nextAttempt: formatTime(nextAttemptAt),
    died: formatTime(diedAt),
    ...rest,
  };
}

function formatReceiver(data: unknown): string {
  const { kind, host, url } = readObject(data, 'to');
  if (kind === 'url' && typeof url === 'string' && URL.canParse(url)) return new URL(url).host;
  return typeof host === 'string' ? host : 'the receiver';
}

export function formatCancelName(job: BoardJob): string {
  const { requestedAt } = toObject(job.data);
  return typeof requestedAt === 'number' ? `requested ${formatTime(requestedAt)}` : job.name;
}

/** `submit paused by operator 3fa9c1d2: provider maintenance`, or `account: insufficient_quota`. */
export function formatStopName(job: BoardJob): string {
  const { kind, queue, actor, reason, liftedAt } = toObject(job.data);
  if (kind === 'pause') return `${String(queue)} paused by ${String(actor)}: ${String(reason)}`;
  if (kind !== 'account') return job.name;
  return `account: ${String(reason)}${liftedAt === undefined ? '' : ' (lifted; ends with the next purchase)'}`;
}

/** A pause or an account stop, with times as dates. */
export function formatStopData(data: unknown): unknown {
  const { since, liftedAt, creatorToken: _, ...rest } = toObject(data);
  return { ...rest, since: formatTime(since), lifted: formatTime(liftedAt) };
}

/** From a job to the page of its render. */
export function linkToPage(job: BoardJob): { displayText: string; href: string } | undefined {
  const { renderId } = toObject(job.data);
  if (typeof renderId !== 'string') return undefined;
  return { displayText: 'Page', href: `/renders/${encodeURIComponent(renderId)}` };
}

/** From a child job or a dead letter to the render's own job, where it can be retried. */
export function linkToRender(job: BoardJob): { displayText: string; href: string } | undefined {
  const { renderId } = toObject(job.data);
  if (typeof renderId !== 'string') return undefined;
  return { displayText: 'Render', href: `/queues/queue/render/${encodeURIComponent(renderId)}` };
}

function quotePrompt(prompt: unknown): string {
  if (typeof prompt !== 'string') return '';
  const line = prompt.replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return `“${
    characters.length > MAX_PROMPT
      ? `${characters
          .slice(0, MAX_PROMPT - 1)
          .join('')
          .trimEnd()}…`
      : line
  }”`;
}

const formatLane = (priority: unknown) => (priority === 'batch' ? 'batch' : '');
const toObject = (value: unknown): Loose =>
  typeof value === 'object' && value !== null ? (value as Loose) : {};
const readObject = (value: unknown, key: string): Loose => toObject(toObject(value)[key]);
const formatTime = (at: unknown) => (typeof at === 'number' ? new Date(at).toISOString() : undefined);

/** A job in Bull Board's responses, with the fields that are used. */
interface BoardResponseJob {
  finishedOn?: unknown;
  isFailed?: unknown;
  progress?: unknown;
}

/** Sets the progress of completed jobs to 100, because the last step may leave another number. */
export function completeProgress(body: unknown): unknown {
  const done = (job: BoardResponseJob) => (job.finishedOn && !job.isFailed ? { ...job, progress: 100 } : job);
  const { queues, job } = toObject(body);
  if (Array.isArray(queues)) {
    return {
      ...toObject(body),
      queues: queues.map((queue: { jobs?: BoardResponseJob[] }) => ({
        ...queue,
        jobs: queue.jobs?.map(done) ?? [],
      })),
    };
  }
  return job ? { ...toObject(body), job: done(toObject(job)) } : body;
}

/** A copy of a JSON value with every text in it scrubbed (I8). */
export function scrubDeep(scrub: Scrub, value: unknown): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubDeep(scrub, item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrubDeep(scrub, item)]));
}
