import type { RedriveJob } from '@darkroom/shared/queues';
import {
  itemStatus,
  type RedriveEnd,
  type RedriveStore,
  readMark,
  sumCounts,
} from '@darkroom/shared/redrives';

/** Groups per kind whose tallies an end keeps. */
const MAX_GROUPS = 500;

type Tallies = RedriveEnd['tallies'];

/** How a redrive ended, without the tallies of its groups. */
export function createEnd({ counts, stop, startedAt }: RedriveJob, now: number): RedriveEnd {
  const [started, done, skipped, failed, buys, spendMicros] = sumCounts(counts);
  const ended = failed > 0 ? 'partial' : 'completed';
  const stopped = stop?.kind === 'canceled' ? 'canceled' : 'stopped';
  return {
    status: stop ? stopped : ended,
    ...(stop ? { statusReason: stop.reason } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    endedAt: now,
    started,
    done,
    skipped,
    failed,
    buys,
    spendMicros,
    tallies: [{}, {}, {}, {}, {}],
  };
}

/** Writes how a redrive ended. Reads one part after another, so its memory does not grow with the plan. */
export async function endRedrive(
  data: RedriveJob,
  { redrives, now, signal }: { redrives: RedriveStore; now: number; signal: AbortSignal },
): Promise<RedriveEnd> {
  const { key, counts } = data;
  const end = createEnd(data, now);
  for (let part = 0; part < counts.length; part += 1) {
    const items = await redrives.readPlanPart(key, part, { signal });
    const { marks } = await redrives.readMarks(key, part, { signal });
    for (const [index, { groups }] of items.entries()) {
      const status = itemStatus(readMark(marks, index));
      if (status === 'done' || status === 'failed') addToTallies(end.tallies, groups, status === 'failed');
    }
  }
  await redrives.writeEnd(key, end, { signal });
  return end;
}

function addToTallies(tallies: Tallies, groups: readonly string[], hasFailed: boolean): void {
  for (const [kind, tally] of tallies.entries()) {
    const group = groups[kind] ?? '';
    const present = tally[group];
    if (!present && Object.keys(tally).length >= MAX_GROUPS) continue;
    const [renders, failedAgain] = present ?? [0, 0];
    tally[group] = [renders + 1, failedAgain + (hasFailed ? 1 : 0)];
  }
}
