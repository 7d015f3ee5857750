import type { RunResponse } from '@darkroom/api';
import type { Api, NamedRun } from '../../api/index.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';
import { countEnded } from './run-view.ts';

const EVERY_MS = 1_000;

/** Shows the progress of a run until it has finished. */
export async function followRun(
  api: Api,
  named: NamedRun,
  host: Host,
): Promise<{ run: RunResponse; exitCode: ExitCode }> {
  const display = openProgress(host, { unit: 'renders' });
  try {
    for (;;) {
      const run = await api.getRun(named);
      const { failed } = run.counts;
      const notes = [run.status, failed > 0 ? `${failed} failed` : '', `$${run.spent} spent`];
      display.show({ done: countEnded(run), total: run.total, note: notes.filter(Boolean).join(', ') });
      if (run.status === 'finished') return { run, exitCode: codeFor(run) };
      await host.clock.sleep(EVERY_MS, host.signal);
    }
  } finally {
    display.end();
  }
}

function codeFor({ counts, canceled_at: canceledAt }: RunResponse): ExitCode {
  if (canceledAt !== null) return EXIT.canceled;
  if (counts.failed + counts.canceled === 0) return EXIT.ok;
  return counts.completed > 0 ? EXIT.partial : EXIT.failure;
}
