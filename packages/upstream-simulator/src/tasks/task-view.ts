import type { Task } from './task.ts';
import { getProgress, getReportedStatus, getStatus } from './task-status.ts';

const seconds = (ms: number): number => Math.floor(ms / 1000);

export function buildResultUrl(task: Task, base: string): string {
  return `${base}/generated/${task.id}.${task.format}`;
}

export function serializeResult(task: Task, base: string): { type: 'image'; data: { url: string }[] } {
  return { type: 'image', data: [{ url: buildResultUrl(task, base) }] };
}

/** The task object that submission and status answer with. */
export function serializeTask(task: Task, now: number, base: string): Record<string, unknown> {
  const common = {
    id: task.id,
    object: 'generation.task',
    model: task.model,
    status: getReportedStatus(task, now),
    progress: getProgress(task, now),
    created_at: seconds(task.createdAt),
    metadata: {},
  };
  const status = getStatus(task, now);
  if (status === 'failed' && task.outcome.kind === 'failed') {
    return { ...common, completed_at: seconds(task.finishesAt), error: task.outcome.error };
  }
  if (status !== 'completed') return common;
  return {
    ...common,
    completed_at: seconds(task.finishesAt),
    expires_at: seconds(task.expiresAt),
    result: serializeResult(task, base),
    url: buildResultUrl(task, base),
  };
}
