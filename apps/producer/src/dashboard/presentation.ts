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
export function renderName(job: BoardJob): string {
  const request = inner(job.data, 'request');
  const facts = [quoted(request.prompt), request.size, request.resolution, laneOf(request.priority)];
  return facts.filter(Boolean).join(' · ') || job.name;
}

/** `Purchase 2 · “A lighthouse…”` */
export function submitName(job: BoardJob): string {
  const { attempt } = object(job.data);
  return [`purchase ${String(attempt ?? '?')}`, quoted(inner(job.data, 'request').prompt)]
    .filter(Boolean)
    .join(' · ');
}

export function storeName(job: BoardJob): string {
  const { attempt, renderId } = object(job.data);
  return `image of purchase ${String(attempt ?? '?')} · ${String(renderId ?? '')}`;
}

/** `content_policy_violation at submit · “A lighthouse…”` */
export function deadLetterName(job: BoardJob): string {
  const failure = inner(job.data, 'failure');
  const reason = failure.code ? `${String(failure.code)} at ${String(failure.step)}` : job.name;
  return [reason, quoted(inner(job.data, 'request').prompt)].filter(Boolean).join(' · ');
}

/** A letter in the order in which a person reads it. */
export function deadLetterData(data: unknown): unknown {
  const { failure, costMicros, createdAt, resultExpiresAt, ...rest } = object(data) as Partial<DeadLetter>;
  if (!failure) return data;
  return {
    why: failure.message,
    code: failure.code,
    step: failure.step,
    died: time(failure.at),
    spent: typeof costMicros === 'number' ? `$${formatDollars(costMicros)}` : undefined,
    imageCanBeFetchedUntil: time(resultExpiresAt),
    asked: time(createdAt),
    ...rest,
    causes: failure.chain,
  };
}

/** Checkpoints hold times as milliseconds: people get them as dates, and what they look for first on top. */
export function renderData(data: unknown): unknown {
  const { at, request, createdAt, updatedAt, creatorToken: _, ...rest } = object(data);
  if (!request) return data;
  return {
    at,
    request,
    asked: time(createdAt),
    updated: time(updatedAt),
    ...rest,
  };
}

/** `render.completed → shop.example.com` */
export function notifyName(job: BoardJob): string {
  const { state } = object(job.data);
  return state ? `render.${String(state)} → ${receiver(job.data)}` : job.name;
}

/** As it is, but for the rest of the receiver's URL: it may be secret. Times as dates. */
export function notifyData(data: unknown): unknown {
  const { to, endedAt, nextTryAt, diedAt, lastError, ...rest } = object(data);
  if (!to) return data;
  return {
    to: receiver(data),
    lastError,
    ended: time(endedAt),
    nextTry: time(nextTryAt),
    died: time(diedAt),
    ...rest,
  };
}

function receiver(data: unknown): string {
  const { kind, host, url } = inner(data, 'to');
  if (kind === 'url' && typeof url === 'string' && URL.canParse(url)) return new URL(url).host;
  return typeof host === 'string' ? host : 'its receiver';
}

export function cancelName(job: BoardJob): string {
  const { requestedAt } = object(job.data);
  return typeof requestedAt === 'number' ? `asked for ${time(requestedAt)}` : job.name;
}

/** From a job to the page of its render: image, timeline, cost. */
export function pageLink(job: BoardJob): { displayText: string; href: string } | undefined {
  const { renderId } = object(job.data);
  if (typeof renderId !== 'string') return undefined;
  return { displayText: 'Page', href: `/renders/${encodeURIComponent(renderId)}` };
}

/** From a part of a render, or its letter, to its own job, where it can be tried again. */
export function renderLink(job: BoardJob): { displayText: string; href: string } | undefined {
  const { renderId } = object(job.data);
  if (typeof renderId !== 'string') return undefined;
  return { displayText: 'Render', href: `/queues/queue/render/${encodeURIComponent(renderId)}` };
}

function quoted(prompt: unknown): string {
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

const laneOf = (priority: unknown) => (priority === 'batch' ? 'batch' : '');
const object = (value: unknown): Loose =>
  typeof value === 'object' && value !== null ? (value as Loose) : {};
const inner = (value: unknown, key: string): Loose => object(object(value)[key]);
const time = (at: unknown) => (typeof at === 'number' ? new Date(at).toISOString() : undefined);

/** A job as Bull Board answers it; only what is looked at here. */
interface Answered {
  finishedOn?: unknown;
  isFailed?: unknown;
  progress?: unknown;
}

/** A completed render is at 100 %, wherever its last step left the number. Changes nothing else in an answer. */
export function completeProgress(body: unknown): unknown {
  const done = (job: Answered) => (job.finishedOn && !job.isFailed ? { ...job, progress: 100 } : job);
  const { queues, job } = object(body);
  if (Array.isArray(queues)) {
    return {
      ...object(body),
      queues: queues.map((queue: { jobs?: Answered[] }) => ({ ...queue, jobs: queue.jobs?.map(done) ?? [] })),
    };
  }
  return job ? { ...object(body), job: done(object(job)) } : body;
}
