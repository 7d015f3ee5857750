import type { ObjectStore } from '../object-store/index.ts';
import {
  acceptedKey,
  cancelRequestKey,
  DATA_VERSION,
  dayIndexKey,
  deadLetterKey,
  discardKey,
  intentKey,
  ledgerPrefix,
  listSpendKeys,
  type PersistedKind,
  type Receipt,
  readReceipt,
  receiptKey,
  refundKey,
  releaseKey,
  resultKey,
  runEndKey,
  statementKey,
  upgradePersisted,
} from '../render/index.ts';
import type { Clock } from '../runtime/index.ts';
import {
  type Acceptance,
  type AttemptHistory,
  type AttemptState,
  acceptanceSchema,
  type CancelRequest,
  type ClaimId,
  cancelRequestSchema,
  type Discard,
  discardSchema,
  type Intent,
  intentSchema,
  type Refund,
  type Release,
  type RenderHistory,
  refundSchema,
  releaseSchema,
  resultSchema,
  type Statement,
  statementSchema,
  type TaskResult,
} from './records.ts';

/** The owner of the intent that a cancel writes. No run has it, so no run makes that purchase later. */
const CANCELED_OWNER = 'canceled';

/**
 * The record of purchases, in the object store. It outlives the queue: a run that finds an intent without an
 * acceptance knows that money may have been spent, and does not spend it again.
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
    // With an acceptance, the intent does not matter.
    const acceptance = await this.readAcceptance(renderId, attempt, signal);
    if (acceptance) return { kind: 'accepted', acceptance };
    for (let claim = 1; ; claim += 1) {
      const intent = await this.#readIntent(intentKey(renderId, attempt, claim), signal);
      if (!intent) return { kind: 'unclaimed', nextClaim: claim };
      if (intent.owner === CANCELED_OWNER) return { kind: 'canceled', claimedAt: intent.claimedAt };
      const release = await this.#read('release', releaseKey(renderId, attempt, claim), signal);
      if (release === undefined) return { kind: 'claimed', intent };
      releaseSchema.parse(release);
    }
  }

  /**
   * Everything that the ledger holds about a render without its receipt. One request lists the objects; then only those
   * that exist are read.
   */
  async readHistory(renderId: string, signal?: AbortSignal): Promise<RenderHistory> {
    const names = new Set<string>();
    const prefix = ledgerPrefix(renderId);
    for (let cursor: string | undefined; ; ) {
      const page = await this.#store.list({
        prefix,
        ...(cursor ? { cursor } : {}),
        ...(signal ? { signal } : {}),
      });
      for (const { key } of page.objects) names.add(key);
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    const attempts: AttemptHistory[] = [];
    for (let attempt = 1; hasPrefix(names, `${prefix}${attempt}/`); attempt += 1) {
      attempts.push({
        attempt,
        state: await this.attemptState(renderId, attempt, signal),
        hasResult: names.has(resultKey(renderId, attempt)),
        isRefunded: names.has(refundKey(renderId, attempt)),
        statement: hasPrefix(names, `${prefix}${attempt}/statement`)
          ? await this.readStatement(renderId, attempt, signal)
          : undefined,
      });
    }
    const cancelRequest = names.has(cancelRequestKey(renderId))
      ? await this.readCancelRequest(renderId, signal)
      : undefined;
    return { attempts, cancelRequest };
  }

  /**
   * Claims the right to POST. Exactly one owner of a claim number gets `true`. When the answer to the put is lost, the
   * same owner may claim again: the ledger reads the intent back.
   *
   * @param claim the `nextClaim` of {@link attemptState}
   */
  async claim(
    { renderId, attempt, claim }: ClaimId,
    draft: Omit<Intent, 'claimedAt'>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const key = intentKey(renderId, attempt, claim);
    const intent: Intent = { ...draft, claimedAt: this.#clock.now() };
    if (await this.#writeIfAbsent(key, intent, signal)) return true;
    const found = await this.#readIntent(key, signal);
    return found?.owner === draft.owner;
  }

  /**
   * Claims a purchase for a cancel: no run makes it later.
   *
   * @returns false if another owner has claimed it.
   */
  async claimForCancel(
    id: ClaimId,
    draft: Pick<Intent, 'provider' | 'request'>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    return this.claim(id, { ...draft, owner: CANCELED_OWNER, claimedBy: 'canceled' }, signal);
  }

  /**
   * Ends a claim after a definite refusal: nothing was bought. Intents are never deleted: a DELETE that arrives late, or
   * twice, could delete the intent of another owner. A release names its claim, so it may arrive late.
   */
  async release(
    { renderId, attempt, claim }: ClaimId,
    release: Omit<Release, 'releasedAt'>,
    signal?: AbortSignal,
  ): Promise<void> {
    const value: Release = { ...release, releasedAt: this.#clock.now() };
    await this.#writeIfAbsent(releaseKey(renderId, attempt, claim), value, signal);
  }

  /** Writes an acceptance. The first one stays: a late webhook or a resumed run changes nothing. */
  async writeAcceptance(
    renderId: string,
    attempt: number,
    acceptance: Acceptance,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#writeIfAbsent(acceptedKey(renderId, attempt), acceptance, signal);
  }

  async readAcceptance(
    renderId: string,
    attempt: number,
    signal?: AbortSignal,
  ): Promise<Acceptance | undefined> {
    const value = await this.#read('acceptance', acceptedKey(renderId, attempt), signal);
    return value === undefined ? undefined : acceptanceSchema.parse(value);
  }

  /**
   * Adds an operator's statement about an attempt. Earlier statements stay; the last one counts.
   *
   * @returns false if another statement was added at the same time.
   */
  async addStatement(
    renderId: string,
    attempt: number,
    statement: Omit<Statement, 'statedAt'>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { count } = await this.#readStatements(renderId, attempt, signal);
    const value: Statement = { ...statement, statedAt: this.#clock.now() };
    return this.#writeIfAbsent(statementKey(renderId, attempt, count + 1), value, signal);
  }

  /** The last statement about an attempt. */
  async readStatement(
    renderId: string,
    attempt: number,
    signal?: AbortSignal,
  ): Promise<Statement | undefined> {
    return (await this.#readStatements(renderId, attempt, signal)).last;
  }

  async writeResult(
    renderId: string,
    attempt: number,
    result: TaskResult,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#store.put(resultKey(renderId, attempt), serializeVersioned(result), jsonPutOptions(signal));
  }

  async readResult(renderId: string, attempt: number, signal?: AbortSignal): Promise<TaskResult | undefined> {
    const value = await this.#read('result', resultKey(renderId, attempt), signal);
    return value === undefined ? undefined : resultSchema.parse(value);
  }

  /** Records that a caller asked to cancel a render, before the caller is answered. The last request counts. */
  async writeCancelRequest(renderId: string, request: CancelRequest, signal?: AbortSignal): Promise<void> {
    await this.#store.put(cancelRequestKey(renderId), serializeVersioned(request), jsonPutOptions(signal));
  }

  async readCancelRequest(renderId: string, signal?: AbortSignal): Promise<CancelRequest | undefined> {
    const value = await this.#read('cancel-request', cancelRequestKey(renderId), signal);
    return value === undefined ? undefined : cancelRequestSchema.parse(value);
  }

  /** Writes a refund. The first one stays: a repeated poll or a late webhook changes nothing. */
  async writeRefund(renderId: string, attempt: number, refund: Refund, signal?: AbortSignal): Promise<void> {
    await this.#writeIfAbsent(refundKey(renderId, attempt), refund, signal);
  }

  async readRefund(renderId: string, attempt: number, signal?: AbortSignal): Promise<Refund | undefined> {
    const value = await this.#read('refund', refundKey(renderId, attempt), signal);
    return value === undefined ? undefined : refundSchema.parse(value);
  }

  /** Writes the empty object that lists a render by day and tenant. Written before anything is bought for it. */
  async writeDayIndex(
    render: Pick<Receipt, 'tenant' | 'createdAt' | 'renderId'>,
    signal?: AbortSignal,
  ): Promise<void> {
    const key = dayIndexKey(render.tenant, render.createdAt, render.renderId);
    await this.#store.put(key, '', { contentType: 'text/plain', ...(signal ? { signal } : {}) });
  }

  /** Writes the empty object that lists a render whose last end was a failure. */
  async writeDeadLetterIndex(renderId: string, signal?: AbortSignal): Promise<void> {
    await this.#store.put(deadLetterKey(renderId), '', {
      contentType: 'text/plain',
      ...(signal ? { signal } : {}),
    });
  }

  /** Deletes the object of {@link writeDeadLetterIndex}, after the render has completed or was canceled. */
  async deleteDeadLetterIndex(renderId: string, signal?: AbortSignal): Promise<void> {
    await this.#store.delete(deadLetterKey(renderId), signal ? { signal } : {});
  }

  /** Records that an operator discarded the dead letter of a render. The last discard counts. */
  async writeDiscard(
    renderId: string,
    discard: Omit<Discard, 'discardedAt'>,
    signal?: AbortSignal,
  ): Promise<void> {
    const value: Discard = { ...discard, discardedAt: this.#clock.now() };
    await this.#store.put(discardKey(renderId), serializeVersioned(value), jsonPutOptions(signal));
  }

  async readDiscard(renderId: string, signal?: AbortSignal): Promise<Discard | undefined> {
    const value = await this.#read('discard', discardKey(renderId), signal);
    return value === undefined ? undefined : discardSchema.parse(value);
  }

  /**
   * Writes a receipt, and its entries in the spend index and below its run. The entries come first: a run that a crash
   * interrupts writes all of it again, so a receipt is never without them.
   *
   * @param replaced the receipt that this one replaces; its entries are deleted if their amounts differ
   */
  async writeReceipt(receipt: Receipt, signal?: AbortSignal, replaced?: Receipt): Promise<void> {
    const entries = listEntryKeys(receipt);
    const empty = { contentType: 'text/plain', ...(signal ? { signal } : {}) };
    for (const key of entries) await this.#store.put(key, '', empty);
    for (const key of replaced ? listEntryKeys(replaced) : [])
      if (!entries.includes(key)) await this.#store.delete(key, signal ? { signal } : {});
    await this.#store.put(receiptKey(receipt.renderId), serializeVersioned(receipt), jsonPutOptions(signal));
  }

  async readReceipt(renderId: string, signal?: AbortSignal): Promise<Receipt | undefined> {
    const value = await this.#read('receipt', receiptKey(renderId), signal);
    return value === undefined ? undefined : readReceipt(value);
  }

  async #readStatements(
    renderId: string,
    attempt: number,
    signal?: AbortSignal,
  ): Promise<{ count: number; last: Statement | undefined }> {
    let last: Statement | undefined;
    for (let count = 0; ; count += 1) {
      const value = await this.#read('statement', statementKey(renderId, attempt, count + 1), signal);
      if (value === undefined) return { count, last };
      last = statementSchema.parse(value);
    }
  }

  async #readIntent(key: string, signal?: AbortSignal): Promise<Intent | undefined> {
    const value = await this.#read('intent', key, signal);
    return value === undefined ? undefined : intentSchema.parse(value);
  }

  async #read(kind: PersistedKind, key: string, signal?: AbortSignal): Promise<unknown> {
    const bytes = await this.#store.get(key, signal ? { signal } : {});
    return bytes && upgradePersisted(kind, JSON.parse(Buffer.from(bytes).toString('utf8')));
  }

  /** @returns whether this call wrote the object. */
  #writeIfAbsent(key: string, value: object, signal?: AbortSignal): Promise<boolean> {
    return this.#store.putIfAbsent(key, serializeVersioned(value), jsonPutOptions(signal));
  }
}

/** The empty objects whose keys repeat facts of a receipt. */
function listEntryKeys(receipt: Receipt): string[] {
  const end = runEndKey(receipt);
  return end === undefined ? listSpendKeys(receipt) : [...listSpendKeys(receipt), end];
}

const serializeVersioned = (value: object) => JSON.stringify({ version: DATA_VERSION, ...value });

const JSON_TYPE = { contentType: 'application/json' };
const jsonPutOptions = (signal?: AbortSignal) => (signal ? { ...JSON_TYPE, signal } : JSON_TYPE);

const hasPrefix = (names: Iterable<string>, prefix: string): boolean => {
  for (const name of names) if (name.startsWith(prefix)) return true;
  return false;
};
