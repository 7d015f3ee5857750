import type { Engine } from '@darkroom/shared/engine';
import { LANE_NAMES, type LaneName, QUEUE, readLane } from '@darkroom/shared/queues';

/** A tenant whose submissions wait in a lane. Those at the front of the lane are not counted. */
export interface TenantLine {
  lane: LaneName;
  tenant: string;
  waiting: number;
}

/** The tenants of so many lines are read, those of the longest ones. */
const MAX_LINES = 20;

/** The tenants that wait, by lane, the longest line first. Two tenants may have one line: the first in it names it. */
export async function readTenantLines(
  engine: Pick<Engine, 'countPriorities' | 'readFirstJobs' | 'readJobTexts'>,
): Promise<TenantLine[]> {
  const counts = await engine.countPriorities(QUEUE.submit);
  const lines = LANE_NAMES.flatMap((lane) =>
    readLane(lane, counts).lines.map(({ priority, count }) => ({ lane, priority, waiting: count })),
  )
    .toSorted((one, other) => other.waiting - one.waiting)
    .slice(0, MAX_LINES);
  const wanted = lines.map(({ priority }) => ({ priority, count: 1 }));
  const ids = (await engine.readFirstJobs(QUEUE.submit, wanted)).map(([id = '']) => id);
  const texts = await engine.readJobTexts(QUEUE.submit, ids);
  return lines.flatMap(({ lane, waiting }, at) => {
    // Its first submission has left the queue meanwhile.
    if (texts[at] === undefined) return [];
    const { tenant } = JSON.parse(texts[at]) as { tenant: string };
    return [{ lane, tenant, waiting }];
  });
}
