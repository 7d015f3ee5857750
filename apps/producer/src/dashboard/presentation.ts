import type { DeadLetter } from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';

/** What Bull Board hands to formatters, as far as it is used. All of it was written by somebody else. */
interface BoardJob {
  id?: unknown;
  name: string;
  data: unknown;
  returnvalue?: unknown;
}

type Loose = Record<string, unknown>;

const PROMPT_SHOWN = 60;

/** `“A lighthouse at dusk…” · 16:9 · 2K`: what a person recognises a render by. The id is beside it. */
export function formatRenderName(job: BoardJob): string {
  const request = readObject(job.data, 'request');
  const facts = [quotePrompt(request.prompt), request.size, request.resolution, formatLane(request.priority)];
  return facts.filter(Boolean).join(' · ') || job.name;
}

/** `Purchase 2 · “A lighthouse…”` */
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

/** A letter in the order in which a person reads it. */
export function formatDeadLetterData(data: unknown): unknown {
  const { failure, costMicros, createdAt, resultExpiresAt, ...rest } = toObject(data) as Partial<DeadLetter>;
  if (!failure) return data;
  return {
    why: failure.message,
    code: failure.code,
    step: failure.step,
    died: formatTime(failure.at),
    spent: typeof costMicros === 'number' ? `$${formatDollars(costMicros)}` : undefined,
    imageCanBeFetchedUntil: formatTime(resultExpiresAt),
    asked: formatTime(createdAt),
    ...rest,
    causes: failure.chain,
  };
}

/** Checkpoints hold times as milliseconds: people get them as dates, and what they look for first on top. */
export function formatRenderData(data: unknown): unknown {
  const { at, request, createdAt, updatedAt, creatorToken: _, ...rest } = toObject(data);
  if (!request) return data;
  return {
    at,
    request,
    asked: formatTime(createdAt),
    updated: formatTime(updatedAt),
    ...rest,
  };
}

/** `render.completed → shop.example.com` */
export function formatWebhookName(job: BoardJob): string {
  const { state } = toObject(job.data);
  return state ? `render.${String(state)} → ${formatReceiver(job.data)}` : job.name;
}

/** As it is, but for the rest of the receiver's URL: it may be secret. Times as dates. */
export function formatWebhookData(data: unknown): unknown {
  const { to, endedAt, nextTryAt, diedAt, lastError, ...rest } = toObject(data);
  if (!to) return data;
  return {
    to: formatReceiver(data),
    lastError,
    ended: formatTime(endedAt),
    nextTry: formatTime(nextTryAt),
    died: formatTime(diedAt),
    ...rest,
  };
}

function formatReceiver(data: unknown): string {
  const { kind, host, url } = readObject(data, 'to');
  if (kind === 'url' && typeof url === 'string' && URL.canParse(url)) return new URL(url).host;
  return typeof host === 'string' ? host : 'its receiver';
}

export function formatCancelName(job: BoardJob): string {
  const { requestedAt } = toObject(job.data);
  return typeof requestedAt === 'number' ? `asked for ${formatTime(requestedAt)}` : job.name;
}

/** From a job to the page of its render: image, timeline, cost. */
export function linkToPage(job: BoardJob): { displayText: string; href: string } | undefined {
  const { renderId } = toObject(job.data);
  if (typeof renderId !== 'string') return undefined;
  return { displayText: 'Page', href: `/renders/${encodeURIComponent(renderId)}` };
}

/** From a part of a render, or its letter, to its own job, where it can be tried again. */
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
    characters.length > PROMPT_SHOWN
      ? `${characters
          .slice(0, PROMPT_SHOWN - 1)
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

/** A job as Bull Board answers it; only what is looked at here. */
interface BoardResponseJob {
  finishedOn?: unknown;
  isFailed?: unknown;
  progress?: unknown;
}

/** A completed render is at 100 %, wherever its last step left the number. Changes nothing else in an answer. */
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
