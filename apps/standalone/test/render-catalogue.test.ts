import { createDarkroom } from '@darkroom/client';
import { systemClock } from '@darkroom/shared/runtime';
import { expect, test } from 'vitest';
import { createSamples } from '../src/catalogue.ts';
import type { CatalogueProgress } from '../src/progress.ts';
import { renderCatalogue } from '../src/render-catalogue.ts';
import { openDarkroom } from './support/open-darkroom.ts';

test('the catalogue is followed to its end, and a second pass over more samples creates only the new ones', async () => {
  const darkroom = await openDarkroom();
  const client = createDarkroom({ url: darkroom.producer.url });
  const { signal } = new AbortController();
  const shown: CatalogueProgress[] = [];
  const show = (progress: CatalogueProgress) => void shown.push(progress);
  const options = { run: 'sample-1', clock: systemClock, signal, show };

  const first = await renderCatalogue(await createSamples(2), client, options);
  expect(first.duplicates).toBe(0);
  expect(first.ended.map(({ render }) => render.status)).toEqual(['completed', 'completed']);
  const second = await renderCatalogue(await createSamples(3), client, options);
  expect(second.duplicates).toBe(2);
  expect(second.ended.slice(0, 2).map(({ render }) => render.id)).toEqual(
    first.ended.map(({ render }) => render.id),
  );
  expect(second.ended.map(({ sample }) => sample.request.prompt)).toEqual(
    second.ended.map(({ render }) => render.request.prompt),
  );

  for (const { total, completed, failed, queued, rendering, storing } of shown)
    expect(completed + failed + queued + rendering + storing).toBe(total);
  expect(shown.at(-1)).toMatchObject({ total: 3, completed: 3, queued: 0, spentMicros: 75_000 });
}, 120_000);

test('a catalogue with a rejected sample fails with the number of the sample and the reason', async () => {
  const darkroom = await openDarkroom();
  const client = createDarkroom({ url: darkroom.producer.url });
  const [good] = await createSamples(1);
  if (!good) throw new Error('there is no sample');
  const bad = { ...good, request: { ...good.request, prompt: '' } };
  const options = {
    run: 'sample-1',
    clock: systemClock,
    signal: AbortSignal.timeout(60_000),
    show: () => undefined,
  };
  await expect(renderCatalogue([good, bad], client, options)).rejects.toThrow(/^sample 2 was rejected: /);
}, 120_000);
