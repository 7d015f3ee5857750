import { type RenderListResponse, renderListSchema } from '@darkroom/api';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Checkpoint, sumCost } from '@darkroom/shared/render';
import { expect } from 'vitest';
import { createCheckpoint, enqueue } from './fake-worker.ts';
import { type Harness } from './harness.ts';

export const DAY_MS = 86_400_000;
export const NOW = Date.now();

/** As a worker leaves it: in the index and, when it has ended, with a receipt. */
export async function enterRender(
  harness: Harness,
  checkpoint: Checkpoint,
  status?: 'completed' | 'failed' | 'canceled',
) {
  await harness.ledger.writeDayIndex(checkpoint);
  if (!status) return await enqueue(harness, checkpoint);
  const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = checkpoint;
  const ended = { status, finishedAt: createdAt + 60_000, attempts: 0, cost: sumCost([]) };
  const receipt = { version, renderId, tenant, request, fingerprint, createdAt, purchases, ...ended };
  await harness.ledger.writeReceipt(receipt);
}

export async function listRenders(harness: Harness, query = '', headers = {}): Promise<RenderListResponse> {
  const response = await harness.get(`/v1/renders${query ? `?${query}` : ''}`, headers);
  expect(response.status).toBe(200);
  return renderListSchema.parse(await response.json());
}

export const readIds = ({ data }: RenderListResponse) => data.map(({ id }) => id);

/** All pages, by the cursors. `between` runs after each. */
export async function walkList(
  harness: Harness,
  query: string,
  between?: (page: number) => Promise<unknown>,
) {
  const ids: string[] = [];
  for (let page = 1, cursor = ''; ; page++) {
    const list = await listRenders(harness, `${query}${cursor && `&cursor=${cursor}`}`);
    ids.push(...readIds(list));
    if (list.next_cursor === null) return { ids, pages: page };
    cursor = list.next_cursor;
    await between?.(page);
    expect(page).toBeLessThan(200);
  }
}

export const createRenderAt = (createdAt: number, more: Partial<Checkpoint> = {}) =>
  createCheckpoint({ createdAt, ...more });
export const createRequest = (run: string) => ({ ...createCheckpoint().request, run });
export const readId = ({ renderId }: Checkpoint) => renderId;

/** A store that reports each list call before it runs. */
export function countLists(store: ObjectStore, onList: () => void): ObjectStore {
  const list: ObjectStore['list'] = async (options) => {
    onList();
    return await store.list(options);
  };
  return Object.assign(Object.create(store) as ObjectStore, { list });
}
