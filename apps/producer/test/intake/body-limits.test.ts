import { setImmediate } from 'node:timers/promises';
import { requires } from '@darkroom/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { readJsonBatches } from '../../src/intake/bulk-items.ts';
import { MAX_JSON_BYTES } from '../../src/intake/scan-json.ts';
import { createImageUri, openHarness, readProblem } from '../support/harness.ts';

const MB = 1024 * 1024;

afterEach(() => vi.restoreAllMocks());

/** Records the longest text that was parsed since the call. */
function recordParsing(): { longest: number } {
  const record = { longest: 0 };
  const parse = JSON.parse;
  vi.spyOn(JSON, 'parse').mockImplementation((text: string, ...more: []) => {
    record.longest = Math.max(record.longest, text.length);
    return parse(text, ...more);
  });
  return record;
}

/** `{"prompt":"x",…}` with as many unknown fields as fit. */
function unknownFields(bytes: number): Buffer {
  const field = '"f0000":0,';
  const fields = Buffer.alloc(Math.floor(bytes / field.length) * field.length, field);
  return Buffer.concat([Buffer.from('{"prompt":"x",'), fields, Buffer.from('"z":0}')]);
}

const large: [what: string, body: () => Buffer, field: string][] = [
  ['4 MB of unknown fields', () => unknownFields(4 * MB), 'body'],
  ['4 MB of numbers', () => Buffer.concat([Buffer.from('['), Buffer.alloc(4 * MB, '1,')]), 'body'],
  ['4 MB of empty objects', () => Buffer.concat([Buffer.from('['), Buffer.alloc(4 * MB, '{},')]), 'body'],
  ['4 MB of digits', () => Buffer.alloc(4 * MB, '1'), 'body'],
  ['4 MB of blanks', () => Buffer.alloc(4 * MB, ' '), 'body'],
  ['4 MB of escaped quotes', () => Buffer.concat([Buffer.from('"'), Buffer.alloc(4 * MB, '\\"')]), 'body'],
  ['a prompt of 4 MB', () => Buffer.from(`{"prompt":"${'x'.repeat(4 * MB)}"}`), 'prompt'],
  ['a data URI of 4 MB as prompt', () => Buffer.from(`{"prompt":"data:${'x'.repeat(4 * MB)}"}`), 'prompt'],
  [
    'a million images',
    () => Buffer.from(`{"prompt":"x","image_urls":[${'"",'.repeat(1_000_000)}""]}`),
    'image_urls',
  ],
  [
    'a million keys of metadata',
    () => Buffer.from(`{"metadata":{${'"a":1,'.repeat(1_000_000)}"b":1}}`),
    'metadata',
  ],
];

requires('redis').describe('the limits of a body', () => {
  test.each(large)(
    'a render with %s is rejected before it is parsed',
    async (_what, body, field) => {
      const harness = await openHarness();
      const record = recordParsing();
      const bytes = new Uint8Array(body());
      for (const path of ['/v1/renders', '/v1/images/generations']) {
        const response = await fetch(harness.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: bytes,
        });
        expect(response.status).toBe(path === '/v1/renders' ? 422 : 400);
        expect(await response.text()).toMatch(new RegExp(`"field":"${field}"|${field}: expected at most`));
      }
      expect(record.longest).toBeLessThan(MAX_JSON_BYTES);
      expect(await harness.jobCount()).toBe(0);
    },
    30_000,
  );

  test.each(large)(
    'a bulk call with %s is rejected before it is parsed',
    async (_what, body) => {
      const harness = await openHarness();
      const record = recordParsing();
      const one = await harness.bulk(body());
      expect(one.status).toBe(422);
      const rejected = await harness.bulk(
        Buffer.concat([Buffer.from('[{"prompt":"x"},'), body(), Buffer.from(']')]),
      );
      expect([207, 400, 422]).toContain(rejected.status);
      expect(record.longest).toBeLessThan(MAX_JSON_BYTES);
    },
    30_000,
  );

  test('a render with too many values is rejected before it is parsed, also if it has few bytes', async () => {
    const harness = await openHarness();
    const record = recordParsing();
    const body = `{"prompt":"x","image_urls":[${'0,'.repeat(2_000)}0]}`;
    const problem = (await readProblem(await harness.post(body))).problems[0];
    expect(problem).toMatchObject({
      field: 'image_urls',
      expected: 'at most 1000 values in the whole render',
    });
    expect(record.longest).toBeLessThan(body.length);
  });

  test('a line of NDJSON that is too large to be parsed is rejected, and the other lines are accepted', async () => {
    const harness = await openHarness();
    const record = recordParsing();
    const body = Buffer.concat([
      Buffer.from('{"prompt":"a"}\n'),
      unknownFields(8 * MB),
      Buffer.from('\n{"prompt":"b"}'),
    ]);
    const response = await harness.bulk(body, { 'content-type': 'application/x-ndjson' });
    expect(await response.json()).toMatchObject({ accepted: 2, rejected: 1 });
    expect(record.longest).toBeLessThan(MAX_JSON_BYTES);
  });

  test('a render with an image of nearly 10 MB is accepted', async () => {
    const harness = await openHarness();
    const image = Buffer.from((await createImageUri('jpeg')).split(',')[1] ?? '', 'base64');
    const padded = Buffer.concat([image, Buffer.alloc(10 * MB - image.length)]).toString('base64');
    const body = { prompt: 'x', image_urls: [`data:image/jpeg;base64,${padded}`] };
    expect((await harness.post(body)).status).toBe(202);
    const bulk = await harness.bulk([body, { prompt: 'y' }, { ...body, mask_url: 'nope' }]);
    expect(await bulk.json()).toMatchObject({ accepted: 2, rejected: 1 });
  });

  test('one item that is too large to be parsed does not reject the others', async () => {
    const harness = await openHarness();
    const response = await harness.bulk(
      `{"renders": [{"prompt":"a"}, ${unknownFields(MB).toString()} , {"prompt":"b"}]}`,
    );
    expect(response.status).toBe(207);
    const { items } = (await response.json()) as { items: { status: number }[] };
    expect(items.map(({ status }) => status)).toEqual([202, 422, 202]);
  });

  test('the response to 10,000 items with 60 wrong fields each is limited, and counts what it leaves out', async () => {
    const harness = await openHarness();
    const item = JSON.stringify(
      Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`wrong_${at}`, at])),
    );
    const response = await harness.bulk(`[${Array(10_000).fill(item).join()}]`);
    const text = await response.text();
    expect(text.length).toBeLessThan(8 * MB);
    const { items, rejected } = JSON.parse(text) as {
      rejected: number;
      items: { error: { problems: unknown[]; more_problems?: number; detail: string } }[];
    };
    expect([rejected, items.length]).toEqual([10_000, 10_000]);
    const listed = items.reduce((sum, { error }) => sum + error.problems.length, 0);
    const left = items.reduce((sum, { error }) => sum + (error.more_problems ?? 0), 0);
    // 60 unknown fields, and the prompt is missing.
    expect([listed, listed + left]).toEqual([2_000, 610_000]);
    expect(items[0]?.error).toMatchObject({ more_problems: 41, problems: { length: 20 } });
    expect(items.at(-1)?.error.detail).toMatch(/^61 problems: prompt, /);
  }, 30_000);

  test('a response lists at most 100 problems, and counts the others', async () => {
    const harness = await openHarness();
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`wrong_${at}`, at]));
    const problem = await readProblem(await harness.post({ prompt: 'x', ...fields }));
    expect([problem.problems.length, problem.more_problems]).toEqual([100, 400]);
  });

  test('only bodies that can contain images may be large', async () => {
    const harness = await openHarness();
    const body = Buffer.alloc(MB, ' ');
    const send = (method: string, path: string) =>
      fetch(harness.url + path, { method, headers: { 'content-type': 'application/json' }, body });
    const id = `rnd_${'0'.repeat(32)}`;
    for (const [method, path] of [
      ['POST', `/v1/renders/${id}/cancel`],
      ['POST', `/v1/renders/${id}/deliveries/redeliver`],
      ['PUT', '/queues/api/queues/pause'],
    ] as const) {
      expect([path, (await send(method, path)).status]).toEqual([path, 413]);
    }
    expect(await harness.queues.render.isPaused()).toBe(false);
  });
});

test('other callers get their turn between the batches of one body', async () => {
  const item = JSON.stringify({ prompt: 'x', metadata: { a: 'y'.repeat(900) } });
  const bytes = Buffer.from(`[${Array(10_000).fill(item).join()}]`);
  let turns = 0;
  let running = true;
  const others = (async () => {
    for (; running; turns++) await setImmediate();
  })();
  let batches = 0;
  for await (const _ of readJsonBatches(bytes)) batches++;
  running = false;
  await others;
  expect(batches).toBeGreaterThanOrEqual(40);
  // One turn after each batch, and one for each megabyte that was parsed before.
  expect(turns).toBeGreaterThanOrEqual(batches + Math.floor(bytes.length / MB) - 1);
});
