import type { Durability } from '@darkroom/api';
import type { Settings } from '@darkroom/shared/config';
import { EngineError } from '@darkroom/shared/engine';
import {
  createJournalWriter,
  deleteEntry,
  entryContentType,
  type JournalReceipt,
} from '@darkroom/shared/journal';
import type { Ledger } from '@darkroom/shared/ledger';
import { isStoreAway, type ObjectStore } from '@darkroom/shared/object-store';
import type { SerializedCheckpoint } from '@darkroom/shared/render';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { STORE_DEADLINE_MS, withStoreDeadline } from './deadlines.ts';
import type { RenderQueue } from './render-queue.ts';

/** Where the renders of one call were recorded before they are added to the queue. */
export interface IntakeRecord {
  /** What the renders have when the queue has them, too. */
  durability: Durability;
  /**
   * Takes renders out of the journal: they were not accepted after all. Never rejects: while the store is away, it is
   * tried again after the answer.
   */
  withdraw(renderIds: readonly string[]): Promise<void>;
}

/** Makes accepted renders and cancels durable beyond the queue (I1), as the settings `INTAKE_…` and `QUEUE_SYNC` require. */
export interface IntakeRecorder {
  /**
   * Writes the first checkpoints of renders to the journal. Must be called before they are added to the queue.
   *
   * @throws {StoreError} while the store is away, unless `INTAKE_WITHOUT_STORE` is `accept`.
   */
  record(checkpoints: readonly SerializedCheckpoint[]): Promise<IntakeRecord>;
  /** Writes a request to cancel to the ledger. Must be called before the marker is written. Throws as `record` does. */
  recordCancel(request: { renderId: string; requestedAt: number }): Promise<void>;
  /**
   * Resolves when what was added is on the disk of the queue, if `QUEUE_SYNC` requires it.
   *
   * @throws {EngineError} `unavailable`: it may be on the disk or not.
   */
  syncQueue(): Promise<void>;
  /** Ends work that goes on after an answer. Idempotent. */
  close(): void;
}

export interface IntakeRecorderDeps {
  queue: RenderQueue;
  store: ObjectStore;
  ledger: Ledger;
  clock: Clock;
  logger: Logger;
  settings: Pick<
    Settings,
    'INTAKE_JOURNAL' | 'INTAKE_JOURNAL_WAIT_MS' | 'INTAKE_WITHOUT_STORE' | 'QUEUE_SYNC'
  >;
}

/** With `accept`, calls within this time after a failure skip the journal: each would wait for its own deadline. */
const AWAY_MS = 2_000;
/** When a deletion that failed is tried again. A worker adds renders of the journal that the queue lacks after 10 minutes. */
const RETRY_AFTER_MS = [1_000, 10_000, 60_000, 240_000];

export function createIntakeRecorder(deps: IntakeRecorderDeps): IntakeRecorder {
  const { queue, store, ledger, clock, logger, settings } = deps;
  const hasJournal = settings.INTAKE_JOURNAL === 'on';
  const syncs = settings.QUEUE_SYNC === 'waitaof';
  const closing = new AbortController();
  let awayUntil = 0;

  const repeatUntilDone = async (work: () => Promise<void>, facts: object) => {
    for (const ms of RETRY_AFTER_MS) {
      await clock.sleep(ms, closing.signal);
      if (
        await work().then(
          () => true,
          () => false,
        )
      )
        return;
    }
    logger.error(facts, 'journal: refused renders could not be withdrawn; a worker may still render them');
  };
  const repeatInBackground = (work: () => Promise<void>, facts: object) => {
    repeatUntilDone(work, facts).catch(() => undefined);
  };

  const remove = (key: string) =>
    withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => deleteEntry(store, key, { signal }));
  const writer = createJournalWriter({
    clock,
    waitMs: settings.INTAKE_JOURNAL_WAIT_MS,
    remove,
    put: (key, body) =>
      withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
        store.put(key, body, { contentType: entryContentType(key), signal }),
      ),
    onUnwritten: (key) => repeatInBackground(() => remove(key), { key }),
  });

  /** @returns `undefined` when the store is away and is not required. */
  const tryStore = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    const isRequired = settings.INTAKE_WITHOUT_STORE === 'refuse';
    if (!isRequired && clock.now() < awayUntil) return undefined;
    try {
      return await work();
    } catch (error) {
      if (isRequired || !isStoreAway(error)) throw error;
      awayUntil = clock.now() + AWAY_MS;
      logger.warn({ err: errorMessage(error) }, 'store away: calls are accepted without it');
      return undefined;
    }
  };

  const withdraw = async (receipt: JournalReceipt, renderIds: readonly string[]) => {
    if (renderIds.length === 0) return;
    const work = () => receipt.withdraw(renderIds);
    await work().catch((error: unknown) => {
      logger.warn({ err: errorMessage(error), renderIds }, 'journal: renders not withdrawn yet');
      repeatInBackground(work, { renderIds });
    });
  };

  return {
    async record(checkpoints) {
      const receipt = hasJournal ? await tryStore(() => writer.append(checkpoints)) : undefined;
      if (!receipt) return { durability: syncs ? 'synced' : 'queue', withdraw: async () => undefined };
      return { durability: 'journal', withdraw: (renderIds) => withdraw(receipt, renderIds) };
    },
    async recordCancel({ renderId, requestedAt }) {
      if (!hasJournal) return;
      await tryStore(() =>
        withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
          ledger.writeCancelRequest(renderId, { requestedAt }, signal),
        ),
      );
    },
    async syncQueue() {
      if (!syncs) return;
      await queue.sync().catch((error: unknown) => {
        throw new EngineError('unavailable', errorMessage(error), { cause: error });
      });
    },
    close: () => closing.abort(),
  };
}
