import type { Micros } from '../money.ts';
import type { Task, TaskStatus } from '../tasks/task.ts';
import { getStatus } from '../tasks/task-status.ts';
import type { TaskStore } from '../tasks/task-store.ts';

/** One purchase. Amounts are whole micro-dollars, times are milliseconds since the epoch. */
export interface PurchaseRecord {
  taskId: string;
  clientBusinessId: string | null;
  charged: Micros;
  refunded: Micros;
  status: TaskStatus;
  createdAt: number;
  prompt: string;
  model: string;
  /** False when a fault kept the task id from the caller: bought, and the buyer does not know. */
  acknowledged: boolean;
}

export interface PurchaseTotals {
  tasks: number;
  charged: Micros;
  refunded: Micros;
  /** charged - refunded */
  net: Micros;
}

/** Every task that was ever created, and what it cost: the truth that tests compare a client's own books with. */
export interface PurchaseLog {
  entries(): PurchaseRecord[];
  totals(): PurchaseTotals;
  byTaskId(taskId: string): PurchaseRecord | undefined;
  byBusinessId(clientBusinessId: string): PurchaseRecord[];
  toJSON(): { totals: PurchaseTotals; entries: PurchaseRecord[] };
}

export function createPurchaseLog(tasks: TaskStore, now: () => number): PurchaseLog {
  const entry = (task: Task): PurchaseRecord => ({
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
  const book: PurchaseLog = {
    entries: () => tasks.all().map(entry),
    totals: () => {
      const { count, charged, refunded } = tasks.totals();
      return { tasks: count, charged, refunded, net: charged - refunded };
    },
    byTaskId: (taskId) => {
      const task = tasks.get(taskId);
      return task === undefined ? undefined : entry(task);
    },
    byBusinessId: (id) => tasks.byBusinessId(id).map(entry),
    toJSON: () => ({ totals: book.totals(), entries: book.entries() }),
  };
  return book;
}
