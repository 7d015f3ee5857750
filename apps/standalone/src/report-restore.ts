import { openQueues, type RestoreReport, readQueueState, readRestore } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';
import type { RunningDarkroom } from './compose.ts';

export interface ReportOptions {
  print(line?: string): void;
  clock: Clock;
  signal: AbortSignal;
}

const CHECK_EVERY_MS = 100;
/** A restore that takes longer shows its progress, once in this time. */
const PROGRESS_EVERY_MS = 2_000;

/** Waits until the queue has everything that was accepted, and prints what had to be restored. */
export async function reportRestore(
  { engine, settings }: Pick<RunningDarkroom, 'engine' | 'settings'>,
  { print, clock, signal }: ReportOptions,
): Promise<void> {
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  let shownAt = clock.now();
  for (;;) {
    const state = await readQueueState(engine, queues);
    const restore = await readRestore(engine, queues);
    if (state === 'failed')
      return print('  The queue could not be restored. Darkroom tries again every minute.\n');
    if (state === 'complete') {
      const text = restore?.report && describeReport(restore.report);
      if (text) print(`  ${text}\n`);
      return;
    }
    if (clock.now() - shownAt >= PROGRESS_EVERY_MS) {
      shownAt = clock.now();
      print(`  Restoring what the queue has lost: ${restore?.percent ?? 0} %`);
    }
    await clock.sleep(CHECK_EVERY_MS, signal);
  }
}

/** One sentence about a restore. @returns `undefined` when the queue had lost nothing. */
export function describeReport({ added, ended, unreadable }: RestoreReport): string | undefined {
  const restored = added.submit + added.hold + added.poll + added.bury;
  if (restored === 0 && ended === 0) return undefined;
  const parts = [
    added.submit && `${added.submit} wait for their purchase`,
    added.poll && `${added.poll} were bought before and are not bought again`,
    added.hold && `${added.hold} may have been bought and are held`,
    added.bury && `${added.bury} had failed and keep their dead letters`,
  ].filter(Boolean);
  const details = parts.length > 0 ? ` (${parts.join(', ')})` : '';
  const rest = unreadable > 0 ? ` ${unreadable} could not be read; the log names them.` : '';
  return `The queue was lost. Restored from the store: ${restored} renders${details}. ${ended} had ended.${rest}`;
}
