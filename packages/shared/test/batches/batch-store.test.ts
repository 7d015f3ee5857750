import { tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { BatchStore } from '../../src/batches/index.ts';
import { openStore } from '../../src/object-store/index.ts';
import { systemClock } from '../../src/runtime/index.ts';

test('the first check, cancel, end and mark of a batch stay, whichever worker writes the second', async () => {
  const batches = new BatchStore(await openStore({ dataDir: await tempDir(), clock: systemClock }));
  const batch = { tenant: 'default', id: `batch_${'0'.repeat(32)}` };
  const check = { at: 1, lines: 1, parts: 1, problems: { count: 0, listed: [] } };
  expect(await batches.writeCheck(batch, check)).toMatchObject(check);
  expect(await batches.writeCheck(batch, { ...check, lines: 2 })).toMatchObject(check);
  expect(await batches.writeCancel(batch, { at: 1, actor: 'one' })).toBe(true);
  expect(await batches.writeCancel(batch, { at: 2, actor: 'two' })).toBe(false);
  expect(await batches.readCancel(batch)).toMatchObject({ actor: 'one' });
  await batches.writeEnd(batch, { status: 'cancelled', finalizingAt: 1, endedAt: 2 });
  await batches.writeEnd(batch, { status: 'completed', finalizingAt: 1, endedAt: 3 });
  expect(await batches.readEnd(batch)).toMatchObject({ status: 'cancelled' });
  expect([await batches.markAdded(batch, 0), await batches.markAdded(batch, 0)]).toEqual([true, false]);
});
