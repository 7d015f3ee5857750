import type { SubmitJob } from '@darkroom/shared/queues';
import type { Reference } from '@darkroom/shared/render';
import type { Trouble } from '../decide/index.ts';
import type { StageJob } from '../stage/stage.ts';
import type { SubmitDeps } from './deps.ts';

export type Inputs =
  | { kind: 'ready'; images: string[]; mask?: string }
  | { kind: 'trouble'; trouble: Trouble; message: string };

/** Turns references into what the provider takes. Before the intent: an upload that fails has bought nothing. */
export async function prepareInputs(job: StageJob<SubmitJob>, deps: SubmitDeps): Promise<Inputs> {
  const { request } = job.data;
  const images: string[] = [];
  for (const reference of request.images) {
    const resolved = await resolve(reference, job, deps);
    if (typeof resolved !== 'string') return resolved;
    images.push(resolved);
  }
  if (!request.mask) return { kind: 'ready', images };
  const mask = await resolve(request.mask, job, deps);
  return typeof mask === 'string' ? { kind: 'ready', images, mask } : mask;
}

/** What the provider takes as a data URI; a GIF it takes as an upload only. */
const INLINE = /^image\/(jpeg|png|webp)$/;

type Failed = Extract<Inputs, { kind: 'trouble' }>;

async function resolve(
  reference: Reference,
  job: StageJob<SubmitJob>,
  deps: SubmitDeps,
): Promise<string | Failed> {
  if (reference.kind === 'url') return reference.url;
  const bytes = await deps.store.get(reference.key, { signal: job.signal });
  if (!bytes) {
    // Someone cleaned up what a waiting render still needs: no retry brings it back.
    return {
      kind: 'trouble',
      trouble: { kind: 'refused', code: 'invalid_request' },
      message: `${reference.key} is gone`,
    };
  }
  if (reference.kind === 'stored-url') return Buffer.from(bytes).toString('utf8');
  if (deps.settings.TOAPIS_INPUTS === 'inline' && INLINE.test(reference.contentType)) {
    return `data:${reference.contentType};base64,${Buffer.from(bytes).toString('base64')}`;
  }
  const answer = await deps.provider.upload({ bytes, contentType: reference.contentType }, job.signal);
  switch (answer.kind) {
    case 'uploaded':
      return answer.url;
    case 'rate_limited':
      return {
        kind: 'trouble',
        trouble: { kind: 'rate_limited', retryAfterMs: answer.retryAfterMs },
        message: 'rate limited',
      };
    case 'not_bought':
      return {
        kind: 'trouble',
        trouble: { kind: 'not_bought', retryAfterMs: answer.retryAfterMs },
        message: answer.reason,
      };
    case 'refused':
      return {
        kind: 'trouble',
        trouble: { kind: 'refused', code: answer.code },
        message: `upload refused: ${answer.message}`,
      };
    case 'account':
      return {
        kind: 'trouble',
        trouble: { kind: 'account_stopped', reason: answer.reason },
        message: answer.message,
      };
  }
}
