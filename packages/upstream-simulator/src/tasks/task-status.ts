import type { Task, TaskStatus } from './task.ts';

/** A running task never shows more than this. */
const MAX_RUNNING_PROGRESS = 95;

export function isOver(task: Task, now: number): boolean {
  return task.outcome.kind !== 'stuck' && now >= task.finishesAt;
}

/** Where a task is: a pure function of its plan and the time. */
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

/** What the provider says: the status, or what a fault puts in its place. */
export function getReportedStatus(task: Task, now: number): string {
  const status = getStatus(task, now);
  if (status === 'completed' || status === 'failed') return status;
  const { unknown, first } = task.statusOverride;
  if (unknown !== undefined && (unknown.until === null || now < unknown.until)) return unknown.status;
  return status === 'queued' && first !== undefined ? first : status;
}

export function hasExpired(task: Task, now: number): boolean {
  return now >= task.expiresAt;
}
