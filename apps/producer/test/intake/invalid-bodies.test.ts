import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHarness, readProblem } from '../support/harness.ts';
import { invalidBodies } from '../support/invalid-bodies.ts';

const WEBHOOK_SECRETS = [{ value: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }];

requires('redis').describe('a body that is wrong', () => {
  test('is answered 4xx with the field that is wrong, and leaves nothing behind', async () => {
    const rig = await openHarness({ settings: { WEBHOOK_SECRETS } });
    const bodies = await invalidBodies();
    expect(bodies.length).toBeGreaterThanOrEqual(200);
    expect(new Set(bodies.map(({ what }) => what)).size).toBe(bodies.length);

    const wrong: string[] = [];
    for (const { what, body, field, status = 422 } of bodies) {
      const response = await rig.post(body);
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
    expect(await rig.jobCount()).toBe(0);
    expect(await rig.objectCount()).toBe(0);
  }, 60_000);

  test('is refused by the bulk door too, one by one', async () => {
    const rig = await openHarness({ settings: { WEBHOOK_SECRETS } });
    const items = (await invalidBodies()).filter(
      ({ status, body }) =>
        status === undefined &&
        typeof body === 'string' &&
        body.length < 100_000 &&
        !body.includes('__proto__'),
    );
    const response = await rig.bulk(`[${items.map(({ body }) => body).join(',')}]`);
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
    expect(await rig.jobCount()).toBe(0);
  });

  test('is told about all of its problems at once', async () => {
    const rig = await openHarness();
    const response = await rig.post({
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
      { field: 'foo', expected: 'no such field', received: 'an unknown field' },
      {
        field: 'mask_url',
        expected: 'image_urls with the image that the mask belongs to',
        received: 'a URL',
      },
    ]);
  });

  test('is told of a wrong type once, and not of its length', async () => {
    const rig = await openHarness();
    const response = await rig.post({ prompt: 'x', image_urls: 'https://example.com/a.png' });
    const { problems } = await readProblem(response);
    expect(problems).toEqual([{ field: 'image_urls', expected: 'an array', received: 'a URL' }]);
  });

  test('that is not JSON is told where', async () => {
    const rig = await openHarness();
    const { detail } = await readProblem(await rig.post('{"prompt":"x",\n  size: 1}'));
    expect(detail).toBe('The body is not JSON: see line 2, column 3.');
  });
});
