import { styleText } from 'node:util';
import type { Standing } from './follow.ts';

/** Shows how the catalogue gets on: one living line on a terminal, a plain line per change elsewhere. */
export interface Progress {
  show(standing: Standing): void;
  /** Leaves the last state standing. */
  end(): void;
}

const BAR = 24;

export function openProgress(stream: NodeJS.WriteStream, now: () => number): Progress {
  const startedAt = now();
  let last = '';
  const seconds = () => `${Math.round((now() - startedAt) / 1000)}s`;
  if (!stream.isTTY) {
    return {
      show: (standing) => {
        const line = wordsOf(standing);
        if (line === last) return;
        last = line;
        stream.write(`  ${seconds().padStart(5)}  ${line}\n`);
      },
      end: () => undefined,
    };
  }
  return {
    show: (standing) => {
      const done = standing.completed + standing.failed;
      const filled = Math.round((done / Math.max(1, standing.total)) * BAR);
      const bar = styleText('green', '█'.repeat(filled)) + styleText('dim', '░'.repeat(BAR - filled));
      last = `  ${bar} ${wordsOf(standing)}  ${styleText('dim', seconds())}`;
      stream.write(`\r\u001b[2K${last}`);
    },
    end: () => stream.write(last ? '\n' : ''),
  };
}

function wordsOf(standing: Standing): string {
  const parts = [`${standing.completed + standing.failed}/${standing.total} done`];
  if (standing.failed > 0) parts.push(`${standing.failed} failed`);
  if (standing.queued > 0) parts.push(`${standing.queued} queued`);
  if (standing.rendering > 0) parts.push(`${standing.rendering} rendering`);
  if (standing.storing > 0) parts.push(`${standing.storing} storing`);
  parts.push(dollars(standing.costMicros));
  return parts.join(' · ');
}

/** Micro-dollars as people read them. */
export const dollars = (micros: number) => `$${(micros / 1e6).toFixed(3)}`;
