import {
  type DeadLetterListResponse,
  type DeadLetterSummaryResponse,
  deadLetterDetailSchema,
  deadLetterListSchema,
  deadLetterSummarySchema,
  discardSchema,
} from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { AT, putFailedRenders } from '../support/failed-renders.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const keys = { shop: createApiKey(), all: createApiKey(), read: createApiKey() };
const as = (name: keyof typeof keys) => ({ authorization: `Bearer ${keys[name].text}` });

const list = async (harness: Harness, query = '', headers = {}) => {
  const response = await harness.get(`/v1/dead-letters${query}`, headers);
  expect(response.status).toBe(200);
  return deadLetterListSchema.parse(await response.json()) as DeadLetterListResponse;
};
const summarize = async (harness: Harness, query = '', headers = {}) => {
  const response = await harness.get(`/v1/dead-letters/summary${query}`, headers);
  expect(response.status).toBe(200);
  return deadLetterSummarySchema.parse(await response.json()) as DeadLetterSummaryResponse;
};
const discard = (harness: Harness, body: unknown, headers = {}) =>
  fetch(`${harness.url}/v1/dead-letters/discard`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

requires('redis').describe('dead letters', () => {
  let harness: Harness;
  let ids: string[];
  const expiry = systemClock.now() + 3_600_000;

  beforeAll(async () => {
    harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: 'shop', roles: ['read', 'operate'], sha256: keys.shop.sha256 },
          { tenant: '*', roles: ['read', 'operate'], sha256: keys.all.sha256 },
          { tenant: '*', roles: ['read'], sha256: keys.read.sha256 },
        ],
      },
    });
    const hex = (n: number) => n.toString(16).padStart(32, '0');
    ids = await putFailedRenders(
      harness,
      Array.from({ length: 60 }, (_, n) => {
        const common = { tenant: n % 2 ? 'shop' : 'studio', failedAt: 1_000_000 + n * 1_000 };
        const run = n < 30 ? { run: 'autumn' } : {};
        switch (n % 6) {
          case 0:
            return {
              ...common,
              code: 'upstream_unreachable',
              message: `connect ECONNREFUSED 10.0.0.${n}:443`,
            };
          case 1:
            return { ...common, ...run, code: 'invalid_request', message: `prompt has ${900 + n} tokens` };
          case 2:
            return {
              ...common,
              code: 'task_timeout',
              message: `task task_img_${hex(n)} is not finished`,
              resume: AT.poll,
              metadata: { sku: `SKU-${n}` },
            };
          case 3:
            return {
              ...common,
              code: 'result_host_refused',
              message: `https://a${n}.cdn.example/x is not allowed`,
              resume: AT.store(expiry),
            };
          case 4:
            return { ...common, code: 'submission_unknown', message: 'lost', resume: AT.hold, priorEnds: 1 };
          default:
            return {
              ...common,
              code: 'internal_error',
              message: `render rnd_${hex(n)}: cannot read`,
              resume: AT.submit,
            };
        }
      }),
    );
  });

  test('failures with six causes form six groups, each with the price of its redrive', async () => {
    const summary = await summarize(harness, '', as('all'));
    expect(summary.count).toBe(60);
    expect(Object.fromEntries(summary.groups.map(({ count, code }) => [code, count]))).toEqual({
      internal_error: 10,
      invalid_request: 10,
      result_host_refused: 10,
      submission_unknown: 10,
      task_timeout: 10,
      upstream_unreachable: 10,
    });
    const group = (code: string) => summary.groups.find((one) => one.code === code);
    expect(group('upstream_unreachable')).toMatchObject({
      message: 'connect ECONNREFUSED <address>',
      redrive_price: '0.250',
      acknowledge: { count: 0 },
      first_failed_at: new Date(1_000_000).toISOString(),
      last_failed_at: new Date(1_000_000 + 54_000).toISOString(),
      examples: [ids[54], ids[48], ids[42]],
    });
    // Resumed, so it costs nothing. After an unexpected error around a submission, only the ledger knows.
    expect(group('result_host_refused')?.redrive_price).toBe('0.000');
    expect(group('internal_error')?.redrive_price).toBeNull();
    expect(group('submission_unknown')).toMatchObject({
      acknowledge: { count: 10, price: '0.250' },
      redriven_before: 10,
    });
    expect(summary.redrive_price).toBeNull();
  });

  test.for([
    ['run', [null, 'autumn']],
    ['tenant', ['shop', 'studio']],
    ['model', ['gemini-3-pro-image-preview']],
    ['step', ['submit', 'poll', 'store', 'hold']],
  ] as const)('dead letters are grouped by %s', async ([groupBy, groups]) => {
    const summary = await summarize(harness, `?group_by=${groupBy}`, as('all'));
    expect(new Set(summary.groups.map(({ key }) => key))).toEqual(new Set(groups));
  });

  test('a caller that follows the pages gets every dead letter once, the latest first', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: DeadLetterListResponse = await list(
        harness,
        `?limit=25${cursor && `&cursor=${cursor}`}`,
        as('all'),
      );
      expect(page.total).toBe(60);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(ids.toReversed());
  });

  test.for([
    ['code=task_timeout,internal_error', 20],
    ['step=hold', 10],
    ['run=autumn', 5],
    ['text=sku-14', 1],
    ['text=ECONNREFUSED', 10],
    [`since=${new Date(1_000_000 + 30_000).toISOString()}`, 30],
    [`until=${new Date(1_000_000 + 30_000).toISOString()}&code=invalid_request`, 5],
    ['tenant=studio&step=submit', 10],
  ] as const)('the filter %s selects %i dead letters', async ([query, count]) => {
    expect((await list(harness, `?${query}`, as('all'))).total).toBe(count);
  });

  test('the key of a group by reason is a filter', async () => {
    const { groups } = await summarize(harness, '', as('all'));
    const { total, data } = await list(harness, `?reason=${groups[0]?.key}`, as('all'));
    expect([total, data[0]?.code]).toEqual([10, groups[0]?.code]);
  });

  test('an operator of one tenant sees only the dead letters of its tenant', async () => {
    expect((await list(harness, '', as('shop'))).data.every(({ tenant }) => tenant === 'shop')).toBe(true);
    expect((await summarize(harness, '', as('shop'))).count).toBe(30);
    const other = await harness.get(`/v1/dead-letters/${ids[0]}`, as('shop'));
    expect(other.status).toBe(404);
    expect((await harness.get('/v1/dead-letters?tenant=studio', as('shop'))).status).toBe(422);
    expect((await harness.get('/v1/dead-letters', as('read'))).status).toBe(403);
    const answer = await discard(harness, { ids: [ids[0]], note: 'not mine' }, as('shop'));
    expect(discardSchema.parse(await answer.json())).toMatchObject({ discarded: 0, skipped: [ids[0]] });
  });

  test('a dead letter has its causes, its price and the expiry of its image', async () => {
    const response = await harness.get(`/v1/dead-letters/${ids[3]}`, as('all'));
    expect(deadLetterDetailSchema.parse(await response.json())).toMatchObject({
      id: ids[3],
      causes: ['Error: the cause'],
      url_expires_at: new Date(expiry).toISOString(),
      redrive: { step: 'store', action: 'resume', price: '0.000' },
    });
  });

  test('a discarded dead letter leaves the list, and the ledger keeps the note', async () => {
    const [id] = await putFailedRenders(harness, [
      { code: 'content_policy_violation', failedAt: 5, tenant: 'studio' },
    ]);
    const answer = await discard(
      harness,
      { filter: { code: 'content_policy_violation' }, note: 'known' },
      as('all'),
    );
    expect(await answer.json()).toMatchObject({ discarded: 1, skipped: [], remaining: 0 });
    expect((await list(harness, '?code=content_policy_violation', as('all'))).total).toBe(0);
    expect(await harness.ledger.readDiscard(id as string)).toMatchObject({ end: 1, note: 'known' });
    expect(await harness.queues.render.getJobState(id as string)).toBe('failed');
    const audit = await harness.get('/v1/audit?limit=1', as('all'));
    expect(await audit.json()).toMatchObject({
      data: [{ action: 'dead_letter.discard', target: { kind: 'dead-letter', id }, reason: 'known' }],
    });
  });

  test.for<[object, string, string]>([
    [{ note: 'x' }, 'ids', 'either `ids` or `filter`'],
    [{ ids: ['x'], note: 'x' }, 'ids[0]', 'the id of a render'],
    [
      { filter: { cod: 'x' }, note: 'x' },
      'filter.cod',
      'one of code, reason, run, tenant, model, step, text, since, until',
    ],
    [{ filter: {} }, 'note', 'a string'],
  ])('the discard %o is refused with a problem at %s', async ([body, field, expected]) => {
    const answer = await discard(harness, body, as('all'));
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { problems: object[] }).problems).toMatchObject([{ field, expected }]);
  });
});
