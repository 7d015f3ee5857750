import { type Micros, toMicros } from '../money.ts';
import type { Journal } from '../storage/journal.ts';
import type { TaskStore } from '../tasks/task-store.ts';

/** The prepaid balance. */
export class Account {
  readonly #tasks: TaskStore;
  readonly #journal: Journal;
  /** null is unlimited. */
  #deposited: Micros | null;

  constructor(tasks: TaskStore, journal: Journal, deposited: { amount: Micros | null }) {
    this.#tasks = tasks;
    this.#journal = journal;
    this.#deposited = deposited.amount;
  }

  get remaining(): Micros | null {
    return this.#deposited === null ? null : this.#deposited - this.used;
  }

  get used(): Micros {
    const { charged, refunded } = this.#tasks.totals();
    return charged - refunded;
  }

  canPay(price: Micros): boolean {
    const { remaining } = this;
    return remaining === null || remaining >= price;
  }

  /** Dollars that shall be left from now on. */
  async setRemaining(dollars: number | null): Promise<void> {
    this.#deposited = dollars === null ? null : toMicros(dollars) + this.used;
    await this.#journal.append({ type: 'balance', deposited: this.#deposited });
  }
}
