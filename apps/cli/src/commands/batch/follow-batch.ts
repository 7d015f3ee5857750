import type { BatchResponse } from '@darkroom/api';
import type { Api, NamedBatch } from '../../api/index.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';

const EVERY_MS = 1_000;
const ENDED = ['failed', 'completed', 'expired', 'cancelled'];

/** Shows the progress of a batch until it has ended. */
export async function followBatch(api: Api, named: NamedBatch, host: Host): Promise<BatchResponse> {
  const display = openProgress(host, { unit: 'lines' });
  try {
    for (;;) {
      const batch = await api.getBatch(named);
      const { total, completed, failed } = batch.request_counts;
      const notes = [batch.status, failed > 0 ? `${failed} without an image` : ''];
      display.show({ done: completed + failed, total, note: notes.filter(Boolean).join(', ') });
      if (ENDED.includes(batch.status)) return batch;
      await host.clock.sleep(EVERY_MS, host.signal);
    }
  } finally {
    display.end();
  }
}

export function exitCodeOf({ status, request_counts: counts }: BatchResponse): ExitCode {
  if (status === 'cancelled') return EXIT.canceled;
  if (status === 'completed' && counts.failed === 0) return EXIT.ok;
  return counts.completed > 0 ? EXIT.partial : EXIT.failure;
}
