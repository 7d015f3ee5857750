import { stripVTControlCharacters } from 'node:util';
import { createDarkroom } from '@darkroom/client';
import { systemClock } from '@darkroom/shared/runtime';
import { expect, test } from 'vitest';
import { createSamples } from '../src/catalogue.ts';
import { renderCatalogue } from '../src/render-catalogue.ts';
import { formatTable, summarizeCatalogue } from '../src/summary.ts';
import { openDarkroom } from './support/open-darkroom.ts';

test('the report of the catalogue names and counts the images that differ from their request', async () => {
  const darkroom = await openDarkroom();
  const [sample] = await createSamples(1);
  if (!sample) throw new Error('there is no sample');
  const catalogue = await renderCatalogue([sample], createDarkroom({ url: darkroom.producer.url }), {
    run: 'sample-1',
    clock: systemClock,
    signal: AbortSignal.timeout(60_000),
    show: () => undefined,
  });
  expect(await summarizeCatalogue(catalogue, darkroom, 1)).toMatchObject({ completed: 1, differing: 0 });
  expect(formatTable(catalogue.ended)).not.toContain('differs');

  // As the API answers when the provider made an image of another shape. The simulator makes none.
  const warnings = ['aspect ratio: expected 1:1, received 1376x768'];
  const ended = catalogue.ended.map(({ sample, render }) => ({
    sample,
    render: { ...render, image: render.image && { ...render.image, warnings } },
  }));
  expect(await summarizeCatalogue({ ...catalogue, ended }, darkroom, 1)).toMatchObject({
    completed: 1,
    differing: 1,
  });
  expect(stripVTControlCharacters(formatTable(ended))).toContain(
    'differs from the request: aspect ratio: expected 1:1, received 1376x768',
  );
}, 120_000);
