import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { Task } from './schemas.ts';

/** A URL of the image that works without a key until `expiresAt` (Unix milliseconds). */
export interface ResultUrl {
  url: string;
  expiresAt: number;
}

/** What a task shows of a render. */
export type TaskFacts = Pick<
  RenderSnapshot,
  'renderId' | 'status' | 'progress' | 'createdAt' | 'updatedAt' | 'error'
> & {
  model: Task['model'];
};

/** ToAPIs' running tasks never show more. */
const MAX_RUNNING_PROGRESS = 95;

const toSeconds = (ms: number) => Math.floor(ms / 1000);

/** A render as ToAPIs' task. @param result the image's URL, for completed renders */
export function toTask(render: TaskFacts, result?: ResultUrl): Task {
  const { renderId: id, model, createdAt, updatedAt } = render;
  const task = (progress: number) => ({
    id,
    object: 'generation.task' as const,
    model,
    progress,
    created_at: toSeconds(createdAt),
    metadata: {},
  });
  switch (render.status) {
    case 'queued':
      return { ...task(0), status: 'queued' };
    case 'failed':
    case 'canceled':
      return {
        ...task(0),
        status: 'failed',
        completed_at: toSeconds(updatedAt),
        error: toTaskError(render),
      };
    case 'completed':
      if (result) {
        return {
          ...task(100),
          status: 'completed',
          completed_at: toSeconds(updatedAt),
          expires_at: toSeconds(result.expiresAt),
          result: { type: 'image', data: [{ url: result.url }] },
          url: result.url,
        };
      }
      return { ...task(MAX_RUNNING_PROGRESS), status: 'in_progress' };
    case 'rendering':
    case 'storing':
      return {
        ...task(Math.min(Math.max(render.progress, 1), MAX_RUNNING_PROGRESS)),
        status: 'in_progress',
      };
  }
}

function toTaskError({ status, error }: TaskFacts) {
  if (status === 'canceled') return { code: 'canceled' as const, message: 'The render was canceled.' };
  if (error) return { code: error.code, message: error.message };
  return { code: 'internal_error' as const, message: 'The render failed.' };
}
