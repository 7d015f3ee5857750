import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHarness, readProblem } from '../support/harness.ts';
import { invalidBodies } from '../support/invalid-bodies.ts';

const WEBHOOK_SECRETS = [{ value: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }];

requires('redis').describe('an invalid body', () => {
  test('an invalid body is answered 4xx with the invalid field, and leaves nothing behind', async () => {
    const harness = await openHarness({ settings: { WEBHOOK_SECRETS } });
    const bodies = await invalidBodies();
    expect(bodies.length).toBeGreaterThanOrEqual(200);
    expect(new Set(bodies.map(({ what }) => what)).size).toBe(bodies.length);

    const wrong: string[] = [];
    for (const { what, body, field, status = 422 } of bodies) {
      const response = await harness.post(body);
      if (response.ok) {
        wrong.push(`${what}: accepted`);
        continue;
      }
      const { problems, ...problem } = await readProblem(response);
      const fields = problems.map((one) => one.field);
      if (response.status !== status || !fields.includes(field)) {
        wrong.push(
          `${what}: expected ${status} naming ${field}, received ${response.status} ${problem.code} naming ${fields.join()}`,
        );
      }
    }
    expect(wrong).toEqual([]);
    expect(await harness.jobCount()).toBe(0);
    expect(await harness.objectCount()).toBe(0);
  }, 60_000);

  test('a bulk call rejects each invalid item', async () => {
    const harness = await openHarness({ settings: { WEBHOOK_SECRETS } });
    const items = (await invalidBodies()).filter(
      ({ status, body }) =>
        status === undefined &&
        typeof body === 'string' &&
        body.length < 100_000 &&
        !body.includes('__proto__'),
    );
    const response = await harness.bulk(`[${items.map(({ body }) => body).join(',')}]`);
    expect(response.status).toBe(207);
    const answer = (await response.json()) as {
      items: { error: { problems: { field: string }[] } }[];
      rejected: number;
    };
    expect(answer.rejected).toBe(items.length);
    for (const [at, item] of items.entries()) {
      const fields = answer.items[at]?.error.problems.map((problem) => problem.field);
      expect(fields, item.what).toContain(item.field);
    }
    expect(await harness.jobCount()).toBe(0);
  });

  test('the response to an invalid body lists all problems', async () => {
    const harness = await openHarness();
    const response = await harness.post({
      prompt: 'x'.repeat(1001),
      n: '1',
      size: '7:7',
      mask_url: 'https://example.com/m.png',
      foo: 1,
    });
    const { problems } = await readProblem(response);
    expect(problems).toEqual([
      {
        field: 'prompt',
        expected: 'at most 1000 characters',
        received: expect.stringMatching(/^a string of 1001 characters/),
      },
      { field: 'size', expected: expect.stringMatching(/^one of "1:1"/), received: 'the string "7:7"' },
      { field: 'n', expected: 'the number 1', received: 'the string "1"' },
      { field: 'foo', expected: expect.stringMatching(/^one of model, prompt, /), received: 'unknown field' },
      {
        field: 'mask_url',
        expected: 'image_urls with the image that the mask belongs to',
        received: 'a URL',
      },
    ]);
  });

  test('an unknown field is answered with the nearest known one', async () => {
    const harness = await openHarness();
    const response = await harness.post({
      promt: 'x',
      prompt: 'x',
      webook_url: 'https://shop.example.com/hook',
      image_urls: [{ url: 'https://example.com/a.png', ulr: 1 }],
      entirely_different: 1,
    });
    const { problems } = await readProblem(response);
    expect(problems.map(({ field, received }) => [field, received])).toEqual([
      ['image_urls[0].ulr', 'unknown field; did you mean `url`?'],
      ['promt', 'unknown field; did you mean `prompt`?'],
      ['webook_url', 'unknown field; did you mean `webhook_url`?'],
      ['entirely_different', 'unknown field'],
    ]);
  });

  test('a wrong type is reported once, without its length', async () => {
    const harness = await openHarness();
    const response = await harness.post({ prompt: 'x', image_urls: 'https://example.com/a.png' });
    const { problems } = await readProblem(response);
    expect(problems).toEqual([{ field: 'image_urls', expected: 'an array', received: 'a URL' }]);
  });

  test('the response to a body that is not JSON names the position', async () => {
    const harness = await openHarness();
    const { detail } = await readProblem(await harness.post('{"prompt":"x",\n  size: 1}'));
    expect(detail).toBe('The body is not JSON: see line 2, column 3.');
  });
});
