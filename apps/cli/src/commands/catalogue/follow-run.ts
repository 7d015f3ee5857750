import type { CatalogueRunResponse } from '@darkroom/api';
import type { Api, RunAddress } from '../../api/index.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';
import { hasRunEnded } from './run-view.ts';

const EVERY_MS = 1_000;

/** Shows the progress of a run, with its rate, its remaining time and its money, until it ends. */
export async function followRun(api: Api, address: RunAddress, host: Host): Promise<CatalogueRunResponse> {
  const display = openProgress(host, { unit: 'images' });
  try {
    for (;;) {
      const run = await api.getCatalogueRun(address);
      const { counts, status, pending, cost, price, items } = run;
      const notes = [
        status,
        run.reason ?? '',
        run.stops_buying === 'deadline' ? 'its deadline passed' : '',
        counts.failed > 0 ? `${counts.failed} failed` : '',
        pending > 0 ? `${pending} in the queue` : '',
        price === null ? '' : `$${cost.spent} of $${price}`,
      ];
      if (items !== null)
        display.show({ done: run.ended, total: items, note: notes.filter(Boolean).join(', ') });
      if (hasRunEnded(run)) return run;
      await host.clock.sleep(EVERY_MS, host.signal);
    }
  } finally {
    display.end();
  }
}
