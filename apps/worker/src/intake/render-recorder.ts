import { createJournalWriter, deleteEntry, entryContentType } from '@darkroom/shared/journal';
import { StoreError } from '@darkroom/shared/object-store';
import type { SerializedCheckpoint } from '@darkroom/shared/render';
import { errorMessage } from '@darkroom/shared/runtime';
import type { Infra } from '../stage/index.ts';

const PUT_MS = 30_000;

/** Writes the first checkpoints of renders to the intake journal. */
export type RecordRenders = (checkpoints: readonly SerializedCheckpoint[]) => Promise<void>;

/** Writes renders to the intake journal before the queue gets them, as the producer does (I1). */
export function openRenderRecorder({ store, clock, settings, log }: Infra): RecordRenders {
  if (settings.INTAKE_JOURNAL !== 'on') return async () => undefined;
  const writer = createJournalWriter({
    clock,
    waitMs: settings.INTAKE_JOURNAL_WAIT_MS,
    put: (key, body) =>
      store.put(key, body, { contentType: entryContentType(key), signal: AbortSignal.timeout(PUT_MS) }),
    remove: (key) => deleteEntry(store, key, { signal: AbortSignal.timeout(PUT_MS) }),
    // The caller writes its renders again, so an object that was written after all does no harm.
    onUnwritten: (key) => log.warn({ key }, 'journal: renders not written yet'),
  });
  return async (checkpoints) => {
    try {
      await writer.append(checkpoints);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      throw new StoreError('unavailable', `the journal was not written: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  };
}
