import type { ObjectStore } from './object-store/object-store.ts';
import {
  acceptedKey,
  dayIndexKey,
  intentKey,
  type JobRequest,
  type Receipt,
  receiptKey,
  receiptSchema,
  resultKey,
} from './render/index.ts';
import type { Clock } from './runtime/clock.ts';

/** Written before a POST. `owner` is drawn by the run that writes it: only that run may POST (I2). */
export interface Intent {
  owner: string;
  /** Host and process, for people. */
  claimedBy: string;
  claimedAt: number;
  request: JobRequest;
}

/** The owner of an intent that nobody posts: of a canceled render, whose purchase a slower run must not make later. */
export const CANCELED_OWNER = 'canceled';

/** Written the moment the provider answers (I3). */
export interface Acceptance {
  taskId: string;
  /** Unix milliseconds. */
  acceptedAt: number;
  costMicros: number;
  /** How we know: the answer of the POST, or the provider's webhook later. */
  source: 'answer' | 'webhook';
}

/** Where a finished image can be fetched, and until when (Unix ms). The URL stays out of the queue (I8). */
export interface TaskResult {
  url: string;
  expiresAt: number;
}

/** What the ledger says of one attempt. */
export type AttemptState =
  | { kind: 'untouched' }
  | { kind: 'intended'; intent: Intent }
  | { kind: 'accepted'; acceptance: Acceptance };

const JSON_TYPE = { contentType: 'application/json' };

/**
 * The book of purchases, in the object store. It outlives the queue: whoever finds an intent without an outcome
 * knows that money may have been spent and does not spend it again.
 *
 * Every method throws the store's {@link StoreError}.
 */
export class Ledger {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async attemptState(renderId: string, attempt: number, signal?: AbortSignal): Promise<AttemptState> {
    // Outcome first: an intent that is found after it was looked for may be older than the outcome.
    const acceptance = await this.#read<Acceptance>(acceptedKey(renderId, attempt), signal);
    if (acceptance) return { kind: 'accepted', acceptance };
    const intent = await this.#read<Intent>(intentKey(renderId, attempt), signal);
    return intent ? { kind: 'intended', intent } : { kind: 'untouched' };
  }

  /**
   * Claims the right to POST. Exactly one caller is told `true`, and only while its own token stands in the
   * ledger: a put whose answer was lost is settled by reading back whose intent it is.
   */
  async claim(
    renderId: string,
    attempt: number,
    claim: { owner: string; claimedBy: string; request: JobRequest },
    signal?: AbortSignal,
  ): Promise<boolean> {
    const intent: Intent = { ...claim, claimedAt: this.#clock.now() };
    const key = intentKey(renderId, attempt);
    if (await this.#store.putIfAbsent(key, JSON.stringify(intent), options(signal))) return true;
    const standing = await this.#read<Intent>(key, signal);
    return standing?.owner === claim.owner;
  }

  /** A definite refusal: nothing was bought, the attempt may be claimed anew. Only the claimant may call it. */
  async release(renderId: string, attempt: number, signal?: AbortSignal): Promise<void> {
    await this.#store.delete(intentKey(renderId, attempt), signal ? { signal } : {});
  }

  /** The first word on an acceptance stands; a second one (a late webhook, a resumed run) changes nothing. */
  async writeAcceptance(
    renderId: string,
    attempt: number,
    accepted: Acceptance,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#store.putIfAbsent(acceptedKey(renderId, attempt), JSON.stringify(accepted), options(signal));
  }

  readAcceptance(renderId: string, attempt: number, signal?: AbortSignal): Promise<Acceptance | undefined> {
    return this.#read<Acceptance>(acceptedKey(renderId, attempt), signal);
  }

  async writeResult(renderId: string, attempt: number, result: TaskResult, signal?: AbortSignal) {
    await this.#store.put(resultKey(renderId, attempt), JSON.stringify(result), options(signal));
  }

  readResult(renderId: string, attempt: number, signal?: AbortSignal): Promise<TaskResult | undefined> {
    return this.#read<TaskResult>(resultKey(renderId, attempt), signal);
  }

  /** Writes the empty object by which a render is found by day and tenant, before anything is bought for it. */
  async writeDayIndex(
    render: Pick<Receipt, 'tenant' | 'createdAt' | 'renderId'>,
    signal?: AbortSignal,
  ): Promise<void> {
    const index = dayIndexKey(render.tenant, render.createdAt, render.renderId);
    await this.#store.put(index, '', { contentType: 'text/plain', ...(signal ? { signal } : {}) });
  }

  async writeReceipt(readReceipt: Receipt, signal?: AbortSignal): Promise<void> {
    await this.#store.put(receiptKey(readReceipt.renderId), JSON.stringify(readReceipt), options(signal));
  }

  async receipt(renderId: string, signal?: AbortSignal): Promise<Receipt | undefined> {
    const value = await this.#read<unknown>(receiptKey(renderId), signal);
    return value === undefined ? undefined : receiptSchema.parse(value);
  }

  async #read<T>(key: string, signal?: AbortSignal): Promise<T | undefined> {
    const bytes = await this.#store.get(key, signal ? { signal } : {});
    return bytes ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as T) : undefined;
  }
}

const options = (signal?: AbortSignal) => (signal ? { ...JSON_TYPE, signal } : JSON_TYPE);
