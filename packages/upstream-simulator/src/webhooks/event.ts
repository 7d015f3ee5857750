import { createHash } from 'node:crypto';
import type { Task } from '../tasks/task.ts';
import { serializeResult } from '../tasks/task-view.ts';

export interface WebhookEvent {
  id: string;
  type: 'generation.completed' | 'generation.failed' | 'endpoint.test';
  api_version: string;
  created_at: number;
  data: Record<string, unknown>;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** The event of a final task. Its id follows from the task, so that every delivery of it carries the same. */
export function buildFinalEvent(task: Task, resultBase: string): WebhookEvent {
  const failed = task.outcome.kind === 'failed';
  return {
    id: `evt_${createHash('sha256').update(task.id).digest('hex').slice(0, 24)}`,
    type: failed ? 'generation.failed' : 'generation.completed',
    api_version: 'v1',
    created_at: seconds(task.finishesAt),
    data: {
      task_id: task.id,
      client_business_id: task.clientBusinessId,
      task_type: 'image_generation',
      model: task.model,
      status: failed ? 'failed' : 'completed',
      progress: failed ? 0 : 100,
      result: failed ? null : serializeResult(task, resultBase),
      error: task.outcome.kind === 'failed' ? task.outcome.error : null,
      submitted_at: seconds(task.createdAt),
      finished_at: seconds(task.finishesAt),
    },
  };
}

export function buildTestEvent(id: string, now: number): WebhookEvent {
  return { id, type: 'endpoint.test', api_version: 'v1', created_at: seconds(now), data: {} };
}
