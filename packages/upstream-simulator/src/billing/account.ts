import { type Micros, toMicros } from '../money.ts';
import type { Journal } from '../storage/index.ts';
import type { TaskStore } from '../tasks/index.ts';

/** A journal record. `deposited` is null for an unlimited balance. */
export interface BalanceRecord {
  type: 'balance';
  deposited: Micros | null;
}

/** The prepaid balance. */
export class Account {
  readonly #tasks: TaskStore;
  readonly #journal: Journal<BalanceRecord>;
  /** null means unlimited. */
  #deposited: Micros | null;

  constructor(tasks: TaskStore, journal: Journal<BalanceRecord>, deposited: Micros | null) {
    this.#tasks = tasks;
    this.#journal = journal;
    this.#deposited = deposited;
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

  /** Sets the remaining balance, in dollars. */
  async setRemaining(dollars: number | null): Promise<void> {
    this.#deposited = dollars === null ? null : toMicros(dollars) + this.used;
    await this.#journal.append({ type: 'balance', deposited: this.#deposited });
  }
}
