import type { RedriveItem, RedriveItemListResponse, RedriveItemStatus } from '@darkroom/api';
import { itemStatus, mergeMarks, PART_RENDERS, type RedriveStore, readMark } from '@darkroom/shared/redrives';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { itemResponse, type RedriveFacts } from './responses.ts';

/** Parts that one call reads: a filter may reject all renders of a part. */
const MAX_PARTS = 20;

/** A page of the renders of a redrive, in the order of its plan. @param from the index of the first render */
export async function listItems(
  redrives: RedriveStore,
  { record, job }: RedriveFacts,
  { from, limit, statuses }: { from: number; limit: number; statuses: RedriveItemStatus[] | undefined },
): Promise<RedriveItemListResponse> {
  const { key, total } = record;
  const data: RedriveItem[] = [];
  let next = from;
  for (let read = 0; next < total && data.length < limit && read < MAX_PARTS; read += 1) {
    const part = Math.floor(next / PART_RENDERS);
    const [items, stored] = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      Promise.all([redrives.readPlanPart(key, part, { signal }), redrives.readMarks(key, part, { signal })]),
    );
    const marks = job?.part === part ? mergeMarks(job.marks, stored.marks) : stored.marks;
    for (let index = next % PART_RENDERS; index < items.length && data.length < limit; index += 1) {
      const item = items[index];
      const mark = readMark(marks, index);
      next = part * PART_RENDERS + index + 1;
      if (!item || (statuses && !statuses.includes(itemStatus(mark)))) continue;
      data.push(itemResponse(item, mark, stored.failures[index], record));
    }
  }
  return { object: 'list', data, next_cursor: next < total ? String(next) : null };
}
