import type { Host } from '../host.ts';
import { formatDuration } from './units.ts';

export interface Progress {
  done: number;
  total: number;
  /** More facts for people: `3 failed`. */
  note?: string;
}

/** Shows progress on stderr, with rate and remaining time: one line that is redrawn, or plain lines without a terminal. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  end(): void;
}

const BAR_WIDTH = 24;
/** Without a terminal, a change is written at most this often, unless everything is done. */
const LINE_MS = 5_000;
/** …and without a change, this often. */
const QUIET_LINE_MS = 60_000;

export function openProgress(
  host: Pick<Host, 'err' | 'isErrTerminal' | 'clock'>,
  { unit = '' }: { unit?: string } = {},
): ProgressDisplay {
  const startedAt = host.clock.now();
  let first: number | undefined;
  let shown = '';
  let shownFacts = '';
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    show(progress) {
      first ??= progress.done;
      const now = host.clock.now();
      const text = formatProgress(progress, { unit, elapsedMs: now - startedAt, first });
      if (host.isErrTerminal) {
        host.err(`\r\u001b[2K${formatBar(progress)} ${text}`);
        shownAt = now;
      } else {
        const facts = `${progress.done} ${progress.total} ${progress.note ?? ''}`;
        const isDue = now - shownAt >= (facts === shownFacts ? QUIET_LINE_MS : LINE_MS);
        const isEnd = progress.done >= progress.total && facts !== shownFacts;
        if (isDue || isEnd) {
          host.err(`${text}\n`);
          [shownAt, shownFacts] = [now, facts];
        }
      }
      shown = text;
    },
    end() {
      if (host.isErrTerminal && shown) host.err('\n');
    },
  };
}

function formatBar({ done, total }: Progress): string {
  const filled = Math.round((Math.min(done, total) / Math.max(1, total)) * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

/** @param first what was done when the display began: the rate counts only what was done since then */
export function formatProgress(
  { done, total, note }: Progress,
  { unit, elapsedMs, first }: { unit: string; elapsedMs: number; first: number },
): string {
  const isPercent = unit === '%';
  const parts = [isPercent ? `${done} %` : `${done}/${total}${unit ? ` ${unit}` : ''}`];
  if (note) parts.push(note);
  const perSecond = elapsedMs >= 1000 ? (done - first) / (elapsedMs / 1000) : 0;
  if (perSecond > 0) {
    if (!isPercent) parts.push(formatRate(perSecond));
    if (done < total) parts.push(`${formatDuration(((total - done) / perSecond) * 1000)} left`);
  }
  return parts.join(' · ');
}

const formatRate = (perSecond: number) =>
  perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(perSecond * 60).toFixed(1)}/min`;
