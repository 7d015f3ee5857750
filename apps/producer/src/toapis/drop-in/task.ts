import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { Task } from './schemas.ts';

/** Where the image can be fetched without a key, until `expiresAt` (Unix milliseconds). */
export interface ResultUrl {
  url: string;
  expiresAt: number;
}

/** What a task tells of a render. */
export type TaskFacts = Pick<
  RenderSnapshot,
  'renderId' | 'status' | 'progress' | 'createdAt' | 'updatedAt' | 'error'
> & {
  model: Task['model'];
};

/** A running task never shows more than the provider's do. */
const MAX_RUNNING_PROGRESS = 95;

const seconds = (ms: number) => Math.floor(ms / 1000);

/** A render as the provider's task. @param result of a completed one */
export function toTask(told: TaskFacts, result?: ResultUrl): Task {
  const { renderId: id, model, createdAt, updatedAt } = told;
  const task = (progress: number) => ({
    id,
    object: 'generation.task' as const,
    model,
    progress,
    created_at: seconds(createdAt),
    metadata: {},
  });
  switch (told.status) {
    case 'queued':
      return { ...task(0), status: 'queued' };
    case 'failed':
    case 'canceled':
      return { ...task(0), status: 'failed', completed_at: seconds(updatedAt), error: toTaskError(told) };
    case 'completed':
      if (result) {
        return {
          ...task(100),
          status: 'completed',
          completed_at: seconds(updatedAt),
          expires_at: seconds(result.expiresAt),
          result: { type: 'image', data: [{ url: result.url }] },
          url: result.url,
        };
      }
      return { ...task(MAX_RUNNING_PROGRESS), status: 'in_progress' };
    case 'rendering':
    case 'storing':
      return {
        ...task(Math.min(Math.max(told.progress, 1), MAX_RUNNING_PROGRESS)),
        status: 'in_progress',
      };
  }
}

function toTaskError({ status, error }: TaskFacts) {
  if (status === 'canceled') return { code: 'canceled' as const, message: 'The render was canceled.' };
  if (error) return { code: error.code, message: error.message };
  return { code: 'internal_error' as const, message: 'The render failed.' };
}
