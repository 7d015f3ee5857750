import { styleText } from 'node:util';

/** How many renders of the catalogue are in which state, and what they have cost so far. */
export interface CatalogueProgress {
  total: number;
  completed: number;
  /** Failed or canceled. */
  failed: number;
  /** In the queue; the provider has not accepted them. */
  queued: number;
  /** At the provider. */
  rendering: number;
  storing: number;
  spentMicros: number;
}

/** Shows the progress: one line that is redrawn on a terminal, else one line per change. */
export interface ProgressDisplay {
  show(progress: CatalogueProgress): void;
  /** Leaves the last state on the screen. Later calls do nothing. */
  end(): void;
}

const BAR_WIDTH = 24;

export function openProgressDisplay(
  stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  now: () => number,
): ProgressDisplay {
  const startedAt = now();
  let shown = '';
  let ended = false;
  const seconds = () => `${Math.round((now() - startedAt) / 1000)}s`;
  const redraw = (progress: CatalogueProgress) => {
    const done = progress.completed + progress.failed;
    const filled = Math.round((done / Math.max(1, progress.total)) * BAR_WIDTH);
    const bar = styleText('green', '█'.repeat(filled)) + styleText('dim', '░'.repeat(BAR_WIDTH - filled));
    shown = formatProgress(progress);
    stream.write(`\r\u001b[2K  ${bar} ${shown}  ${styleText('dim', seconds())}`);
  };
  const append = (progress: CatalogueProgress) => {
    const line = formatProgress(progress);
    if (line === shown) return;
    shown = line;
    stream.write(`  ${seconds().padStart(5)}  ${line}\n`);
  };
  return {
    show: (progress) => {
      if (ended) return;
      if (stream.isTTY) redraw(progress);
      else append(progress);
    },
    end: () => {
      if (!ended && stream.isTTY && shown) stream.write('\n');
      ended = true;
    },
  };
}

function formatProgress(progress: CatalogueProgress): string {
  const parts = [`${progress.completed + progress.failed}/${progress.total} done`];
  for (const state of ['failed', 'queued', 'rendering', 'storing'] as const) {
    if (progress[state] > 0) parts.push(`${progress[state]} ${state}`);
  }
  parts.push(formatDollars(progress.spentMicros));
  return parts.join(' · ');
}

export const formatDollars = (micros: number) => `$${(micros / 1e6).toFixed(3)}`;
