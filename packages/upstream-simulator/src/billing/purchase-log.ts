import type { Micros } from '../money.ts';
import { getStatus, type Task, type TaskStatus, type TaskStore } from '../tasks/index.ts';

/** One purchase. Amounts are whole micro-dollars; times are milliseconds since the epoch. */
export interface PurchaseRecord {
  taskId: string;
  clientBusinessId: string | null;
  charged: Micros;
  refunded: Micros;
  status: TaskStatus;
  createdAt: number;
  prompt: string;
  model: string;
  /** False when a fault withheld the task id: the task is charged, but the caller did not receive its id. */
  acknowledged: boolean;
}

export interface PurchaseTotals {
  tasks: number;
  charged: Micros;
  refunded: Micros;
  /** charged - refunded */
  net: Micros;
}

/** All tasks ever created and their cost. Tests compare a client's own records with it. */
export interface PurchaseLog {
  entries(): PurchaseRecord[];
  totals(): PurchaseTotals;
  byTaskId(taskId: string): PurchaseRecord | undefined;
  byBusinessId(clientBusinessId: string): PurchaseRecord[];
  toJSON(): { totals: PurchaseTotals; entries: PurchaseRecord[] };
}

export function createPurchaseLog(tasks: TaskStore, now: () => number): PurchaseLog {
  const toRecord = (task: Task): PurchaseRecord => ({
    taskId: task.id,
    clientBusinessId: task.clientBusinessId,
    charged: task.price,
    refunded: task.refunded,
    status: getStatus(task, now()),
    createdAt: task.createdAt,
    prompt: task.prompt,
    model: task.model,
    acknowledged: task.acknowledged,
  });
  const log: PurchaseLog = {
    entries: () => tasks.all().map(toRecord),
    totals: () => {
      const { count, charged, refunded } = tasks.totals();
      return { tasks: count, charged, refunded, net: charged - refunded };
    },
    byTaskId: (taskId) => {
      const task = tasks.get(taskId);
      return task === undefined ? undefined : toRecord(task);
    },
    byBusinessId: (id) => tasks.byBusinessId(id).map(toRecord),
    toJSON: () => ({ totals: log.totals(), entries: log.entries() }),
  };
  return log;
}
