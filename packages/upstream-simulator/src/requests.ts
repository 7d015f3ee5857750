export type RequestCategory = 'submit' | 'query' | 'download' | 'upload' | 'balance' | 'other';

export interface CategoryCount {
  /** All requests, including refused and unanswered ones. */
  received: number;
  /** Counts by HTTP status; `unanswered` counts requests that a fault cut off or left hanging. */
  answered: Record<string, number>;
  /** Requests that the quota answered with 429. Faults that answer 429 are not counted. */
  quotaRefused: number;
}

export interface RequestCounts {
  categories: Record<RequestCategory, CategoryCount>;
  submissions: {
    /** The largest number of POSTs that arrived within any 1000 ms. */
    maxPerSecond: number;
    /** The same, without POSTs that the quota refused. */
    maxAdmittedPerSecond: number;
  };
}

export interface RequestRecord {
  category: RequestCategory;
  method: string;
  url: string;
  /** undefined for a request that was never answered. */
  status: number | undefined;
  ms: number;
}

/** Counts of the requests that reached the server. */
export interface RequestLog {
  counts(): RequestCounts;
  /** Resolves as soon as the counts satisfy the condition. */
  until(condition: (counts: RequestCounts) => boolean): Promise<void>;
  toJSON(): RequestCounts;
}

/** The largest number of arrivals within any second. It stores only the last second. */
class RollingSecond {
  #recent: number[] = [];
  #oldest = 0;
  max = 0;

  add(now: number): void {
    this.#recent.push(now);
    while ((this.#recent[this.#oldest] ?? now) <= now - 1000) this.#oldest += 1;
    this.max = Math.max(this.max, this.#recent.length - this.#oldest);
    if (this.#oldest > 10_000) {
      this.#recent = this.#recent.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

export class RequestCounter implements RequestLog {
  readonly #categories: Record<RequestCategory, CategoryCount> = {
    submit: createEmptyCount(),
    query: createEmptyCount(),
    download: createEmptyCount(),
    upload: createEmptyCount(),
    balance: createEmptyCount(),
    other: createEmptyCount(),
  };
  readonly #arrived = new RollingSecond();
  readonly #admitted = new RollingSecond();
  readonly #waiting = new Set<{ condition: (counts: RequestCounts) => boolean; done: () => void }>();

  countReceived(category: RequestCategory, now: number): void {
    this.#categories[category].received += 1;
    if (category === 'submit') this.#arrived.add(now);
    this.#resolveWaiters();
  }

  countAdmitted(category: RequestCategory, now: number): void {
    if (category === 'submit') this.#admitted.add(now);
  }

  countQuotaRefused(category: RequestCategory): void {
    this.#categories[category].quotaRefused += 1;
  }

  countAnswered(category: RequestCategory, status: number | undefined): void {
    const { answered } = this.#categories[category];
    const key = status === undefined ? 'unanswered' : String(status);
    answered[key] = (answered[key] ?? 0) + 1;
    this.#resolveWaiters();
  }

  counts(): RequestCounts {
    return structuredClone({
      categories: this.#categories,
      submissions: { maxPerSecond: this.#arrived.max, maxAdmittedPerSecond: this.#admitted.max },
    });
  }

  async until(condition: (counts: RequestCounts) => boolean): Promise<void> {
    if (condition(this.counts())) return;
    await new Promise<void>((done) => this.#waiting.add({ condition, done }));
  }

  toJSON(): RequestCounts {
    return this.counts();
  }

  #resolveWaiters(): void {
    if (this.#waiting.size === 0) return;
    const counts = this.counts();
    for (const waiter of this.#waiting) {
      if (!waiter.condition(counts)) continue;
      this.#waiting.delete(waiter);
      waiter.done();
    }
  }
}

function createEmptyCount(): CategoryCount {
  return { received: 0, answered: {}, quotaRefused: 0 };
}
