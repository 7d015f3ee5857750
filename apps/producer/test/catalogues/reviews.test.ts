import type { NewReview, ReviewListResponse } from '@darkroom/api';
import { fetchReviews } from '@darkroom/catalogue';
import { requires } from '@darkroom/testkit';
import { beforeEach, expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { createKeyring } from '../support/keyring.ts';

requires('redis').describe('reviews of a catalogue', () => {
  const keyring = createKeyring();
  const acme = keyring.give('acme', ['read', 'enqueue']);
  const reader = keyring.give('acme', ['read']);
  const operator = keyring.give('acme', ['operate']);
  const PATH = '/v1/catalogues/shoes/reviews';
  const CATALOGUE = { tenant: 'acme', name: 'shoes' };
  const review = (change: Partial<NewReview> = {}): NewReview => ({
    key: 'SH 1',
    view: 'front',
    verdict: 'rejected',
    image_sha256: 'a'.repeat(64),
    ...change,
  });
  let harness: Harness;

  beforeEach(async () => {
    harness = await openHarness({ settings: keyring.settings() });
    await harness.store.put('catalogues/acme/shoes/runs/a/manifest.jsonl', '', { contentType: 'text/plain' });
  });

  const save = (reviews: unknown, key: Record<string, string> = acme, path = PATH) =>
    fetch(harness.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...key },
      body: JSON.stringify({ reviews }),
    });
  const list = async (query = '') =>
    (await (await harness.get(PATH + query, acme)).json()) as ReviewListResponse;

  test('the later review of an item is kept, whatever comes last', async () => {
    const late = review({ reviewed_at: '2026-11-22T09:00:00.000Z', note: 'late' });
    const early = review({ reviewed_at: '2026-11-22T08:00:00.000Z', note: 'early' });
    expect(await (await save([late])).json()).toEqual({ object: 'reviews_result', saved: 1, kept: 0 });
    expect(await (await save([early])).json()).toEqual({ object: 'reviews_result', saved: 0, kept: 1 });
    expect((await list()).data).toMatchObject([{ note: 'late' }]);
    // A clock that is ahead protects nothing.
    await save([review({ reviewed_at: '2999-01-01T00:00:00.000Z', note: 'ahead' })]);
    await save([review({ note: 'now' })]);
    expect((await list()).data).toMatchObject([{ note: 'now' }]);
  });

  test('a cleared review is gone, and a plan reads what is left', async () => {
    await save([review(), review({ view: 'detail', prompt: 'Two shoes.' })]);
    await save([review({ verdict: 'cleared' })]);
    const { find } = await fetchReviews(harness.store, CATALOGUE);
    expect(find({ key: 'SH 1', view: 'front' })).toBeUndefined();
    expect(find({ key: 'SH 1', view: 'detail' })).toMatchObject({
      verdict: 'rejected',
      prompt: 'Two shoes.',
    });
  });

  test('each call is in the audit log, with the actor', async () => {
    await save([review({ note: 'dark' })]);
    await save([review(), review({ view: 'detail', verdict: 'approved' })]);
    const audit = await harness.get('/v1/audit?target=catalogue:shoes', operator);
    expect(await audit.json()).toMatchObject({
      data: [
        { action: 'catalogue.review', after: { approved: 1, rejected: 1, cleared: 0 } },
        {
          action: 'catalogue.review',
          target: { kind: 'catalogue', id: 'shoes' },
          tenant: 'acme',
          actor: expect.stringMatching(/^key acme:/),
          after: { key: 'SH 1', view: 'front', verdict: 'rejected', note: 'dark' },
        },
      ],
    });
  });

  test('a page has a cursor, and the pages together have all reviews', async () => {
    await save(Array.from({ length: 25 }, (_, at) => review({ key: `SH ${at}` })));
    const keys: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: ReviewListResponse = await list(`?limit=10${cursor && `&cursor=${cursor}`}`);
      keys.push(...page.data.map(({ key }) => key));
      cursor = page.next_cursor;
    }
    expect(keys.length).toBe(25);
    expect(new Set(keys).size).toBe(25);
  });

  test('a reader cannot review, and a catalogue that never ran has no reviews', async () => {
    expect((await save([review()], reader)).status).toBe(403);
    const unknown = await save([review()], acme, '/v1/catalogues/boots/reviews');
    expect((await readProblem(unknown)).code).toBe('catalogue_not_found');
    expect((await harness.store.list({ prefix: 'catalogues/acme/boots/' })).objects).toEqual([]);
  });

  test('a wrong review is named with its place, and nothing of the call is stored', async () => {
    const response = await save([review(), review({ image_sha256: 'none' })]);
    const problem = await readProblem(response);
    expect(problem.problems).toMatchObject([{ field: 'reviews[1].image_sha256', expected: '64 hex digits' }]);
    expect((await list()).data).toEqual([]);
  });
});
