import { stripVTControlCharacters } from 'node:util';
import { parseSettings } from '@darkroom/shared/config';
import { systemClock } from '@darkroom/shared/runtime';
import { describe, expect, test } from 'vitest';
import { hasBrowser } from '../src/open-report.ts';
import type { CatalogueProgress } from '../src/progress.ts';
import { type EndedSample, runSamples } from '../src/run-samples.ts';
import { readSampleCatalogue } from '../src/sample-catalogue.ts';
import { readSampleName } from '../src/sample-name.ts';
import { formatTable, summarizeRun } from '../src/summary.ts';
import { openDarkroom } from './support/open-darkroom.ts';

const settings = parseSettings({});

describe('readSampleCatalogue()', () => {
  test('the checked-in catalogue is valid, and has 24 products, of which the provider refuses one', async () => {
    const { samples, priceMicros, files } = await readSampleCatalogue(24, settings);
    expect(samples).toHaveLength(24);
    expect(samples.filter(({ endsAs }) => endsAs === 'failed')).toHaveLength(1);
    expect(priceMicros).toBe(630_000);
    expect([...files.keys()]).toEqual(['products.csv', 'photos/mug.png']);
  });

  test('a larger catalogue repeats the products under other SKUs, with the images of the smaller one', async () => {
    const { samples } = await readSampleCatalogue(200, settings);
    expect(new Set(samples.map(({ key }) => key)).size).toBe(200);
    const smaller = await readSampleCatalogue(24, settings);
    expect(samples.slice(0, 24)).toEqual(smaller.samples);
  });
});

/** A render that ended while it was followed comes from a list, which has fewer fields. */
const describeRender = ({ render }: EndedSample) => [render?.id, render?.status, render?.image?.sha256];

test('a run of the samples is followed to its end, a second one is found, and a longer list buys only what is new', async () => {
  const darkroom = await openDarkroom();
  const shown: CatalogueProgress[] = [];
  const options = {
    name: await readSampleName(darkroom.store, { fresh: false }),
    clock: systemClock,
    signal: new AbortController().signal,
    show: (progress: CatalogueProgress) => void shown.push(progress),
  };
  const two = await readSampleCatalogue(2, settings);
  const first = await runSamples(two, darkroom, options);
  expect(first).toMatchObject({ earlier: 'nothing', run: { status: 'completed', counts: { bought: 2 } } });
  const again = await runSamples(two, darkroom, options);
  expect(again).toMatchObject({ earlier: 'ended', run: first.run });
  expect(again.ended.map(({ entry }) => entry)).toEqual(first.ended.map(({ entry }) => entry));
  expect(again.ended.map(describeRender)).toEqual(first.ended.map(describeRender));

  const three = await readSampleCatalogue(3, settings);
  const longer = await runSamples(three, darkroom, options);
  expect(longer).toMatchObject({ earlier: 'nothing', run: { counts: { bought: 1, unchanged: 2 } } });
  expect(longer.ended.slice(0, 2).map(describeRender)).toEqual(first.ended.map(describeRender));
  expect(darkroom.simulator?.book.totals().tasks).toBe(3);
  for (const { total, completed, failed, queued, rendering, storing } of shown)
    expect(completed + failed + queued + rendering + storing).toBe(total);
  expect(shown.at(-1)).toMatchObject({ total: 3, completed: 3, queued: 0, spentMicros: 25_000 });

  const summary = await summarizeRun(longer, three.samples, darkroom, 1);
  expect(summary).toMatchObject({ completed: 3, unchanged: 2, purchases: 3, billed: 3, as_expected: true });
  // As after the store was deleted: the ids are the same, and the provider sold its tasks before these renders.
  const newer = longer.ended.map(({ entry, render }) => ({
    entry,
    render: render && { ...render, created_at: new Date(Date.now() + 1).toISOString() },
  }));
  expect(await summarizeRun({ ...longer, ended: newer }, three.samples, darkroom, 1)).toMatchObject({
    purchases: 3,
    billed: 0,
    as_expected: false,
  });
  expect((await fetch(summary.report)).headers.get('content-type')).toMatch(/^text\/html/);
  expect(summary).toMatchObject({ differing: 0 });
  expect(formatTable(longer.ended)).not.toContain('differs');

  // As the API answers when the provider made an image of another shape. The simulator makes none.
  const warnings = ['aspect ratio: expected 1:1, received 1376x768'];
  const differing = longer.ended.map(({ entry, render }) => ({
    entry,
    render: render && { ...render, image: render.image && { ...render.image, warnings } },
  }));
  const changed = await summarizeRun({ ...longer, ended: differing }, three.samples, darkroom, 1);
  expect(changed).toMatchObject({ completed: 3, differing: 3 });
  expect(stripVTControlCharacters(formatTable(differing))).toContain(
    'differs from the request: aspect ratio: expected 1:1, received 1376x768',
  );

  // Fresh images need another catalogue.
  expect(await readSampleName(darkroom.store, { fresh: true })).toBe('samples-2');
  expect(await readSampleName(darkroom.store, { fresh: false })).toBe('samples-2');
  const wrong = { ...two, file: two.file.replace('{{ name }}', '{{ title }}') };
  await expect(runSamples(wrong, darkroom, { ...options, name: 'samples-2' })).rejects.toThrow(
    /^the run 2-products-[0-9a-f]{6} of samples-2 stopped: the catalogue has \d problems$/,
  );
}, 240_000);

test('the contact sheet is opened where a person sits: not in CI, not over SSH, not without a desktop', () => {
  expect(hasBrowser({ DISPLAY: ':0' }, 'linux')).toBe(true);
  expect(hasBrowser({}, 'darwin')).toBe(true);
  expect(hasBrowser({}, 'linux')).toBe(false);
  expect(hasBrowser({ DISPLAY: ':0', SSH_CONNECTION: '10.0.0.1' }, 'linux')).toBe(false);
  expect(hasBrowser({ CI: 'true' }, 'darwin')).toBe(false);
});
