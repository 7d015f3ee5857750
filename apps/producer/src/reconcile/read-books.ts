import type { ReconcileDoubt } from '@darkroom/api';
import type { Engine } from '@darkroom/shared/engine';
import type { Ledger } from '@darkroom/shared/ledger';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { listLiveRenders, QUEUE, type Queues } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type Purchase,
  type SpendEntry,
  submitJobId,
  utcDay,
} from '@darkroom/shared/render';
import { listSpend } from '@darkroom/shared/spend';
import pMap from 'p-map';
import type { Books, UnknownPurchase } from './judge.ts';

export interface BooksDeps {
  store: ObjectStore;
  ledger: Ledger;
  engine: Engine;
  queues: Queues;
}

/** Unix milliseconds. */
export interface BooksWindow {
  /** A purchase at this time or earlier is before the window. */
  from: number;
  /** A purchase after this time is behind it. */
  to: number;
  now: number;
  /** How long a submission can be on its way. */
  edgeMs: number;
  /** How long after its claim an unknown purchase may still be charged. */
  graceMs: number;
}

/** What a live checkpoint or a receipt says about the purchases of a render. */
type PurchasedRender = Pick<Checkpoint, 'renderId' | 'tenant' | 'purchases'> & {
  /** The attempt whose task is not final. */
  polledAttempt?: number | undefined;
};

const PARALLEL = 32;
const DAY_MS = 86_400_000;
/** A purchase of an earlier day can be refunded inside the window. */
const EARLIER_DAYS = 2;
/** Of more submissions that wait, it is not read whether one is on its way. */
const MAX_SUBMISSIONS = 2_000;

/**
 * Reads what was bought and refunded inside a window. Days that are whole inside it come from the spend index alone. Of the
 * renders near an edge, and of those with an unknown purchase, the receipt and the ledger are read.
 *
 * Throws {@link StoreError}, and the errors of the engine.
 */
export async function readBooks(deps: BooksDeps, window: BooksWindow, signal: AbortSignal): Promise<Books> {
  const books: Books = { chargedMicros: 0, refundedMicros: 0, unknown: [], doubts: new Map() };
  const book = new Bookkeeper(deps, window, books, signal);
  // First: a render that ends meanwhile is in the index, too.
  const live = await readLive(deps);
  await book.addSubmissions([...live.values()].filter(({ at }) => at.step === 'submit'));
  const days = { from: utcDay(window.from - EARLIER_DAYS * DAY_MS), to: utcDay(window.now) };
  const ended = new Set<string>();
  const unread = new Set<string>();
  for await (const entry of listSpend(deps.store, days, signal)) {
    const { renderId } = entry;
    const running = live.get(renderId);
    if (running && running.updatedAt >= entry.finishedAt) continue;
    ended.add(renderId);
    if (isInside(entry, window)) book.addEntry(entry);
    else if (needsReceipt(entry, window)) unread.add(renderId);
  }
  await pMap(unread, (renderId) => book.addReceipt(renderId, days.from), { concurrency: PARALLEL, signal });
  const running = [...live.values()].filter(({ renderId }) => !ended.has(renderId));
  await pMap(running, (checkpoint) => book.addRender(toPurchased(checkpoint)), {
    concurrency: PARALLEL,
    signal,
  });
  return books;
}

async function readLive({ engine, queues }: BooksDeps): Promise<Map<string, Checkpoint>> {
  const live = new Map<string, Checkpoint>();
  for await (const page of listLiveRenders(engine, queues)) {
    for (const checkpoint of page) live.set(checkpoint.renderId, checkpoint);
  }
  return live;
}

const toPurchased = ({ renderId, tenant, purchases, attempt, at }: Checkpoint): PurchasedRender => ({
  renderId,
  tenant,
  purchases,
  polledAttempt: at.step === 'poll' ? attempt : undefined,
});

const startOf = (day: string) => Date.parse(day);

/** Whether everything that the entry says happened inside the window. */
function isInside({ day, finishedAt, outcomes }: SpendEntry, { from, to }: BooksWindow): boolean {
  if (outcomes.includes('u')) return false;
  return startOf(day) > from && finishedAt <= to;
}

/** Whether the entry may say something about the window that its key alone does not. */
function needsReceipt({ day, finishedAt, outcomes }: SpendEntry, { from, to }: BooksWindow): boolean {
  // The claim of an unknown purchase can be older than its entry, and its task can end after it.
  if (outcomes.includes('u')) return true;
  return finishedAt > from && startOf(day) <= to;
}

class Bookkeeper {
  readonly #deps: BooksDeps;
  readonly #window: BooksWindow;
  readonly #books: Books;
  readonly #signal: AbortSignal;

  constructor(deps: BooksDeps, window: BooksWindow, books: Books, signal: AbortSignal) {
    this.#deps = deps;
    this.#window = window;
    this.#books = books;
    this.#signal = signal;
  }

  addEntry({ spentMicros, refundedMicros, outcomes }: SpendEntry): void {
    if (outcomes.includes('a') && !(spentMicros > 0)) this.#doubt('price');
    this.#books.chargedMicros += spentMicros + refundedMicros;
    this.#books.refundedMicros += refundedMicros;
  }

  /** @param firstDay of the index that was listed: a receipt has purchases of other days, too */
  async addReceipt(renderId: string, firstDay: string): Promise<void> {
    const receipt = await this.#deps.ledger.readReceipt(renderId, this.#signal);
    if (!receipt) return;
    const { from, to } = this.#window;
    const purchases = receipt.purchases.filter(({ acceptedAt }) => {
      if (acceptedAt === undefined) return true;
      const day = utcDay(acceptedAt);
      // Its days that are whole inside the window were added from the index.
      const isAdded =
        startOf(day) > from &&
        receipt.finishedAt <= to &&
        !hasUnknown(receipt.purchases, day, receipt.finishedAt);
      return day >= firstDay && !isAdded;
    });
    await this.addRender({ ...receipt, purchases });
  }

  async addRender(render: PurchasedRender): Promise<void> {
    for (const purchase of render.purchases) {
      if (purchase.acceptedAt === undefined) await this.#addUnknown(render, purchase);
      else await this.#addAccepted(render, purchase, purchase.acceptedAt);
    }
  }

  async #addAccepted(render: PurchasedRender, purchase: Purchase, acceptedAt: number): Promise<void> {
    const { from, to, edgeMs } = this.#window;
    const { attempt, costMicros, outcome } = purchase;
    if (acceptedAt > to) {
      if (acceptedAt <= to + edgeMs) this.#doubt('in_flight');
      return;
    }
    const isCharged = acceptedAt > from;
    if (isCharged) {
      this.#books.chargedMicros += costMicros;
      if (!(costMicros > 0)) this.#doubt('price');
    }
    if (outcome === 'unknown' || (outcome === 'accepted' && attempt === render.polledAttempt)) {
      this.#doubt('open_task');
    } else if (outcome === 'refunded') {
      await this.#addRefund(render.renderId, purchase, acceptedAt);
    }
  }

  /** The provider refunded it at some time before a poll or a webhook said so. */
  async #addRefund(renderId: string, { attempt, costMicros }: Purchase, acceptedAt: number): Promise<void> {
    const { from, to, now } = this.#window;
    const refund = await this.#deps.ledger.readRefund(renderId, attempt, this.#signal);
    const refundedAt = refund?.refundedAt ?? now;
    if (refundedAt <= from) return;
    if (refundedAt <= to) this.#books.refundedMicros += costMicros;
    if (acceptedAt <= from || refundedAt > to) this.#doubt('refund_time');
  }

  async #addUnknown({ renderId, tenant }: PurchasedRender, purchase: Purchase): Promise<void> {
    const { from, to, graceMs, edgeMs } = this.#window;
    const { attempt, costMicros } = purchase;
    const state = await this.#deps.ledger.attemptState(renderId, attempt, this.#signal);
    if (state.kind === 'accepted') {
      await this.#addAccepted(
        { renderId, tenant, purchases: [], polledAttempt: attempt },
        { ...purchase, outcome: 'accepted' },
        state.acceptance.acceptedAt,
      );
      return;
    }
    if (state.kind !== 'claimed') return;
    const { claimedAt } = state.intent;
    if (claimedAt > to + edgeMs) return;
    const isInside = claimedAt > from && claimedAt <= to;
    const isNearEdge = isInside ? claimedAt > to - graceMs : claimedAt > from - graceMs;
    if (isNearEdge) this.#doubt('unknown_near_edge');
    const unknown: UnknownPurchase = { renderId, tenant, attempt, micros: costMicros, claimedAt };
    if (isInside) this.#books.unknown.push(unknown);
  }

  /** Submissions that may be on their way: their renders do not know them yet. */
  async addSubmissions(renders: readonly Checkpoint[]): Promise<void> {
    const { engine, ledger } = this.#deps;
    const byChild = new Map(renders.map((render) => [submitJobId(render.renderId, render.attempt), render]));
    const existing = [...(await engine.findExistingJobs(QUEUE.submit, [...byChild.keys()]))];
    if (existing.length > MAX_SUBMISSIONS) {
      this.#doubt('in_flight');
      return;
    }
    await pMap(
      existing,
      async (id) => {
        const render = byChild.get(id);
        if (!render) return;
        const { renderId, attempt } = render;
        const state = await ledger.attemptState(renderId, attempt, this.#signal);
        const at =
          state.kind === 'claimed'
            ? state.intent.claimedAt
            : state.kind === 'accepted'
              ? state.acceptance.acceptedAt - this.#window.edgeMs
              : undefined;
        if (at !== undefined && at <= this.#window.to) this.#doubt('in_flight');
      },
      { concurrency: PARALLEL, signal: this.#signal },
    );
  }

  #doubt(kind: ReconcileDoubt): void {
    this.#books.doubts.set(kind, (this.#books.doubts.get(kind) ?? 0) + 1);
  }
}

/** Whether the entry of a day in the spend index contains an unknown purchase. */
const hasUnknown = (purchases: readonly Purchase[], day: string, finishedAt: number): boolean =>
  purchases.some(
    ({ outcome, acceptedAt }) => outcome === 'unknown' && utcDay(acceptedAt ?? finishedAt) === day,
  );
