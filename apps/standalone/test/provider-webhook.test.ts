import { createDarkroom } from '@darkroom/client';
import { expect, test } from 'vitest';
import { openDarkroom } from './support/open-darkroom.ts';

test("the provider's webhook completes a purchase whose answer was lost, and nothing is bought twice", async () => {
  const darkroom = await openDarkroom();
  darkroom.simulator?.faults.add({ kind: 'accept_then_cut' });
  const { renders } = createDarkroom({ url: darkroom.producer.url });
  const { id } = await renders.create({ prompt: 'a mug' });
  const render = await renders.wait(id, { timeoutMs: 60_000 });
  expect(render).toMatchObject({ status: 'completed', attempts: 1, cost: { purchases: 1 } });
  expect(darkroom.simulator?.book.byBusinessId(id)).toHaveLength(1);
}, 120_000);
