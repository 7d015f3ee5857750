import type { Clock } from '../clock.ts';
import type { Micros } from '../money.ts';
import { DueHeap } from './due-heap.ts';
import type { Task } from './task.ts';
import { isOver } from './task-status.ts';

export interface TaskTotals {
  count: number;
  charged: Micros;
  refunded: Micros;
}

/**
 * All tasks. Each read first processes the ends that are due, so that no reader sees a failed task without its
 * refund. A timer processes the others, so that webhooks are sent in time without a read.
 */
export class TaskStore {
  readonly #clock: Clock;
  readonly #onEnd: (task: Task) => void;
  readonly #tasks = new Map<string, Task>();
  readonly #byBusinessId = new Map<string, Task[]>();
  readonly #due = new DueHeap<Task>();
  #charged: Micros = 0;
  #refunded: Micros = 0;
  #timer: { at: number; cancel: () => void } | undefined;

  constructor(clock: Clock, onEnd: (task: Task) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get size(): number {
    return this.#tasks.size;
  }

  has(id: string): boolean {
    return this.#tasks.has(id);
  }

  add(task: Task): void {
    this.#tasks.set(task.id, task);
    if (task.clientBusinessId !== null) {
      const others = this.#byBusinessId.get(task.clientBusinessId);
      if (others === undefined) this.#byBusinessId.set(task.clientBusinessId, [task]);
      else others.push(task);
    }
    this.#charged += task.price;
    this.#refunded += task.refunded;
    this.reschedule(task);
  }

  /** Must be called after a change of a task's plan. */
  reschedule(task: Task): void {
    if (!task.endProcessed && task.outcome.kind !== 'stuck') this.#due.push(task.finishesAt, task);
    this.#arm();
  }

  get(id: string): Task | undefined {
    this.processEnds();
    return this.#tasks.get(id);
  }

  all(): Task[] {
    this.processEnds();
    return [...this.#tasks.values()];
  }

  byBusinessId(id: string): Task[] {
    this.processEnds();
    return this.#byBusinessId.get(id) ?? [];
  }

  totals(): TaskTotals {
    this.processEnds();
    return { count: this.#tasks.size, charged: this.#charged, refunded: this.#refunded };
  }

  processEnds(): void {
    const now = this.#clock.now();
    if (this.#due.nextAt === undefined || this.#due.nextAt > now) return;
    for (let task = this.#due.popDue(now); task !== undefined; task = this.#due.popDue(now)) {
      // The heap keeps the old entry of a task whose plan was changed.
      if (task.endProcessed || !isOver(task, now)) continue;
      this.#processEnd(task);
    }
    this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #processEnd(task: Task): void {
    task.endProcessed = true;
    if (task.outcome.kind === 'failed') {
      this.#refunded += task.price - task.refunded;
      task.refunded = task.price;
    }
    this.#onEnd(task);
  }

  /** Sets the timer to the next end. Without a next end there is no timer. */
  #arm(): void {
    this.#due.dropWhile((task, at) => task.endProcessed || task.finishesAt !== at);
    const at = this.#due.nextAt;
    if (this.#timer?.at === at) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (at === undefined) return;
    const cancel = this.#clock.after(at - this.#clock.now(), () => {
      this.#timer = undefined;
      this.processEnds();
      this.#arm();
    });
    this.#timer = { at, cancel };
  }
}
