import type { Clock } from '../clock.ts';
import type { Journal } from '../storage/index.ts';
import type { Task, TaskRecord } from './task.ts';
import { createFailure } from './task-plan.ts';
import { isOver } from './task-status.ts';
import type { TaskStore } from './task-store.ts';

/** Reads tasks and ends them on demand, so that tests need not wait. */
export interface TaskControl {
  get(taskId: string): Task | undefined;
  all(): Task[];
  /** Ends a running task now, as completed. Returns false if no such task is running. */
  complete(taskId: string): Promise<boolean>;
  /** Ends a running task now, as failed and refunded. */
  fail(taskId: string, message?: string): Promise<boolean>;
  /** Makes the result of an ended task expire now. */
  expire(taskId: string): Promise<boolean>;
}

export function createTaskControl(tasks: TaskStore, clock: Clock, journal: Journal<TaskRecord>): TaskControl {
  async function endTask(taskId: string, outcome: Task['outcome']): Promise<boolean> {
    const task = tasks.get(taskId);
    const now = clock.now();
    if (task === undefined || isOver(task, now)) return false;
    const life = task.expiresAt - task.finishesAt;
    Object.assign(task, {
      outcome,
      startsAt: Math.min(task.startsAt, now),
      finishesAt: now,
      expiresAt: now + life,
    });
    await journal.append({ type: 'task', task });
    tasks.reschedule(task);
    tasks.processEnds();
    return true;
  }
  return {
    get: (taskId) => tasks.get(taskId),
    all: () => tasks.all(),
    complete: (taskId) => endTask(taskId, { kind: 'completed' }),
    fail: (taskId, message) =>
      endTask(taskId, createFailure(message ?? 'call upstream API failed: upstream returned status 500')),
    async expire(taskId) {
      const task = tasks.get(taskId);
      if (task === undefined || !isOver(task, clock.now())) return false;
      task.expiresAt = clock.now();
      await journal.append({ type: 'task', task });
      return true;
    },
  };
}
