import type { Task, TaskStatus } from './task.ts';

/** The largest progress of a running task, in percent. */
const MAX_RUNNING_PROGRESS = 95;

export function isOver(task: Task, now: number): boolean {
  return task.outcome.kind !== 'stuck' && now >= task.finishesAt;
}

/** The status of a task, from its plan and the time alone. */
export function getStatus(task: Task, now: number): TaskStatus {
  if (isOver(task, now)) return task.outcome.kind === 'failed' ? 'failed' : 'completed';
  return now < task.startsAt ? 'queued' : 'in_progress';
}

export function getProgress(task: Task, now: number): number {
  const status = getStatus(task, now);
  if (status === 'completed') return 100;
  if (status !== 'in_progress') return 0;
  const share = (now - task.startsAt) / Math.max(1, task.finishesAt - task.startsAt);
  return Math.max(1, Math.min(MAX_RUNNING_PROGRESS, Math.floor(share * 100)));
}

/** The status that the provider reports: the true one, or one that a fault sets. */
export function getReportedStatus(task: Task, now: number): string {
  const status = getStatus(task, now);
  if (status === 'completed' || status === 'failed') return status;
  const { unknown, first } = task.statusOverride ?? {};
  if (unknown !== undefined && (unknown.until === null || now < unknown.until)) return unknown.status;
  return status === 'queued' && first !== undefined ? first : status;
}

export function hasExpired(task: Task, now: number): boolean {
  return now >= task.expiresAt;
}

export const toSeconds = (ms: number): number => Math.floor(ms / 1000);

export function buildResultUrl(task: Task, base: string): string {
  return `${base}/generated/${task.id}.${task.format}`;
}

export function serializeResult(task: Task, base: string): { type: 'image'; data: { url: string }[] } {
  return { type: 'image', data: [{ url: buildResultUrl(task, base) }] };
}

/** The task object in the answers to a submission and to a status query. */
export function serializeTask(task: Task, now: number, base: string): Record<string, unknown> {
  const common = {
    id: task.id,
    object: 'generation.task',
    model: task.model,
    status: getReportedStatus(task, now),
    progress: getProgress(task, now),
    created_at: toSeconds(task.createdAt),
    metadata: {},
  };
  const status = getStatus(task, now);
  if (status === 'failed' && task.outcome.kind === 'failed') {
    return { ...common, completed_at: toSeconds(task.finishesAt), error: task.outcome.error };
  }
  if (status !== 'completed') return common;
  return {
    ...common,
    completed_at: toSeconds(task.finishesAt),
    expires_at: toSeconds(task.expiresAt),
    result: serializeResult(task, base),
    url: buildResultUrl(task, base),
  };
}
