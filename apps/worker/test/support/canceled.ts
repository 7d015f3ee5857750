import { dayIndexPrefix, type Receipt } from '@darkroom/shared/render';
import { expect } from 'vitest';
import { type Harness } from './harness.ts';

export const readState = async (harness: Harness, id: string) =>
  (await harness.queues.render.getJob(id))?.getState();
export const listNotes = (receipt: Receipt) => receipt.notes?.map(({ text }) => text) ?? [];

/** Asserts what holds for every canceled render. */
export async function expectCanceled(harness: Harness, id: string): Promise<Receipt> {
  const receipt = await harness.waitForReceipt(id);
  expect(receipt).toMatchObject({ status: 'canceled', canceled: { requestedAt: expect.any(Number) } });
  const job = await harness.queues.render.getJob(id);
  expect(await job?.getState()).toBe('completed');
  expect(job?.returnvalue).toEqual({ status: 'canceled', cost: receipt.cost });
  expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
  expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
  expect(listNotes(receipt).at(-1)).toMatch(/^canceled /);
  const { objects } = await harness.store.list({ prefix: dayIndexPrefix('default', receipt.createdAt) });
  expect(objects.filter(({ key }) => key.endsWith(id))).toHaveLength(1);
  return receipt;
}
