import { openStore } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import { tempDir } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Decision,
  fetchReviews,
  type Review,
  type ReviewIndex,
  readReview,
  writeReview,
} from '../src/index.ts';
import { assertPlanned, openWorkspace, YAML } from './support/workspace.ts';

const OTHER = 'A photo of a red shoe with laces';
const sha = (digit: string) => digit.repeat(64);

/** A catalogue that has run once. Its first image can be reviewed. */
async function openReviewed() {
  const workspace = await openWorkspace();
  const first = assertPlanned(await workspace.plan());
  const last = await workspace.deliver(first.decisions, { image: imageOf(sha('a')) });
  const [decision] = first.decisions;
  if (decision?.kind !== 'buy') throw new Error('expected a purchase');
  const review: Review = {
    version: 1,
    key: 'A-1',
    view: null,
    verdict: 'rejected',
    note: null,
    prompt: null,
    image_sha256: sha('a'),
    source_hash: decision.hash,
    actor: 'ann',
    reviewed_at: '2026-11-22T08:00:00.000Z',
  };
  const plan = async (one: Review | undefined, manifest = last) =>
    assertPlanned(await workspace.plan(YAML, { last: manifest, findReviews: async () => indexOf(one) }));
  return { ...workspace, last, review, plan };
}

const imageOf = (sha256: string) => ({
  key: 'images/a.jpg',
  sha256,
  bytes: 1000,
  width: 64,
  height: 64,
  content_type: 'image/jpeg',
});

const indexOf = (review: Review | undefined): ReviewIndex => ({
  find: ({ key, view }) => (review && review.key === key && review.view === view ? review : undefined),
});
const decisionOf = (decisions: readonly Decision[]) => decisions[0];

describe('a plan reads the reviews', () => {
  test('a rejected image is bought again, and its price is in the plan', async () => {
    const { plan, review } = await openReviewed();
    const planned = await plan(review);
    expect(planned.plan.file).toMatchObject({ buy: { rejected: 1 }, unchanged: 2, price: '0.025' });
    expect(decisionOf(planned.decisions)).toMatchObject({ kind: 'buy', reason: 'rejected', changes: [] });
  });

  test('a rejected image is bought again once: the review is not about the new image', async () => {
    const { plan, review, deliver } = await openReviewed();
    const { decisions } = await plan(review);
    const next = await deliver(decisions, { image: imageOf(sha('b')) });
    expect((await plan(review, next)).plan.file).toMatchObject({ buy: { rejected: 0 }, unchanged: 3 });
  });

  test('an approved image is not bought again, nor one without a review', async () => {
    const { plan, review } = await openReviewed();
    for (const one of [{ ...review, verdict: 'approved' as const }, undefined])
      expect((await plan(one)).plan.file).toMatchObject({ buy: { rejected: 0 }, unchanged: 3 });
  });

  test('another prompt is bought once, and the prompt of the catalogue is no change after it', async () => {
    const { plan, review, deliver } = await openReviewed();
    const rejected = { ...review, prompt: OTHER };
    const { decisions } = await plan(rejected);
    expect(decisionOf(decisions)).toMatchObject({
      kind: 'buy',
      reason: 'rejected',
      changes: ['prompt'],
      item: { prompt: OTHER },
      inputs: { prompt: OTHER },
    });
    const next = await deliver(decisions, { image: imageOf(sha('b')) });
    // With the same review, with an approval of the new image, and if all reviews are lost.
    const approved = { ...review, verdict: 'approved' as const, image_sha256: sha('b') };
    for (const one of [rejected, approved, undefined]) {
      const kept = await plan(one, next);
      expect(kept.plan.file).toMatchObject({ buy: { rejected: 0, changed: 0 }, unchanged: 3 });
      // The manifest of the third night says what the image was made from.
      const third = await deliver(kept.decisions, { image: imageOf(sha('b')) });
      expect((await plan(undefined, third)).plan.file.unchanged).toBe(3);
    }
  });

  test('the other prompt does not outlive a change of the source', async () => {
    const { plan, review, writeSource } = await openReviewed();
    await writeSource('sku,name,color\nA-1,Shoe,black\nA-2,Boot,blue\nA-3,Sandal,green\n');
    const { decisions } = await plan({ ...review, prompt: OTHER });
    expect(decisionOf(decisions)).toMatchObject({
      reason: 'changed',
      item: { prompt: 'A photo of a black Shoe' },
    });
  });

  test('a failed item is tried again with the prompt of its review', async () => {
    const { plan, review, deliver } = await openReviewed();
    const { decisions } = await plan(undefined);
    const failed = await deliver(decisions, { status: 'failed', image: null, origin: null });
    const again = await plan({ ...review, image_sha256: null, prompt: OTHER }, failed);
    expect(decisionOf(again.decisions)).toMatchObject({ reason: 'no_image', item: { prompt: OTHER } });
    // Without another prompt, an image that may be paid for is not bought again.
    const error = { code: 'submission_unknown', message: 'The outcome is unknown.' };
    const unknown = await deliver(decisions, { status: 'failed', image: null, origin: null, error });
    const wished = await plan({ ...review, image_sha256: null, prompt: OTHER }, unknown);
    expect(decisionOf(wished.decisions)).toMatchObject({ reason: 'no_image', item: { prompt: OTHER } });
    const left = await plan({ ...review, image_sha256: null, prompt: null }, unknown);
    expect(decisionOf(left.decisions)).toMatchObject({ kind: 'leave' });
  });
});

describe('reviews in the store', () => {
  test('are found by key and view, with keys that objects cannot have, in any number', async () => {
    const store = await openStore({ dataDir: await tempDir(), clock: systemClock });
    const catalogue = { tenant: 'default', name: 'shoes' };
    const { review } = await openReviewed();
    const keys = Array.from({ length: 40 }, (_, at) => `CH ${at}/../ü?`);
    for (const key of keys) await writeReview(store, catalogue, { ...review, key });
    await writeReview(store, catalogue, { ...review, key: 'CH 1/../ü?', view: 'front', note: 'dark' });
    const { find, list } = await fetchReviews(store, catalogue);
    expect([...list()]).toHaveLength(41);
    for (const key of keys) expect(find({ key, view: null })?.key).toBe(key);
    expect(find({ key: 'CH 1/../ü?', view: 'front' })?.note).toBe('dark');
    expect(find({ key: 'none', view: null })).toBeUndefined();
    expect(
      await readReview(store, { ...catalogue, name: 'boots' }, { key: 'A-1', view: null }),
    ).toBeUndefined();
    await store.close();
  });
});
