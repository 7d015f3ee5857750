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

  test.each([
    ['{"prompt": }', 'body', '"}" at line 1, column 12'],
    ['{"prompt":"x",\n  size: 1}', 'body', '"s" at line 2, column 3'],
    ['{"prompt":"größe",\n"size":"1:1" "n":1}', 'body', 'a double quote at line 2, column 14'],
    ['{"prompt":"x"', 'body', 'the end of the body at line 1, column 14'],
    ['{', 'body', 'the end of the body at line 1, column 2'],
    ['{"prompt":"a\nb"}', 'body', 'a line break at line 1, column 13'],
    ['{"n":01}', 'body', '"1" at line 1, column 7'],
    ['{"prompt":"x"}, {', 'body', '"," at line 1, column 15'],
    ['NaN', 'body', '"N" at line 1, column 1'],
    [
      `{"image_urls":["data:image/png;base64,${'A'.repeat(5_000)}"],\n "prompt": tru}`,
      'body',
      '"t" at line 2, column 12',
    ],
    [
      `{"image_urls":["data:image/png;base64,${'A'.repeat(5_000)}\nAAAA"]}`,
      'body',
      'a line break at line 1, column 5039',
    ],
  ])('a syntax error is reported with line and column: %s', async (body, field, received) => {
    const harness = await openHarness();
    const { code, problems, detail } = await readProblem(await harness.post(body));
    expect(code).toBe('invalid_json');
    expect(problems).toEqual([{ field, expected: 'JSON', received }]);
    expect(detail).toBe(`The body is not JSON: see ${/line \d+, column \d+$/.exec(received)?.[0]}.`);
  });

  test('every body that is not JSON is answered with line and column', async () => {
    const harness = await openHarness();
    for (const { what, body } of await invalidBodies()) {
      const response = await harness.post(body);
      const { code, problems } = (await response.json()) as {
        code: string;
        problems: { received: string }[];
      };
      if (code === 'invalid_json')
        expect([what, problems[0]?.received]).toEqual([
          what,
          expect.stringMatching(/ at line \d+, column \d+$/),
        ]);
    }
  }, 60_000);

  test('a syntax error in a bulk call is reported with its place in the whole body', async () => {
    const harness = await openHarness();
    for (const [body, received] of [
      ['[{"prompt":"a"},\n {"prompt": }]', '"}" at line 2, column 13'],
      ['[{"prompt":"a"},\n {"prompt":"b"},]', '"]" at line 2, column 17'],
      ['[{"prompt":"a"}\n {"prompt":"b"}]', '"{" at line 2, column 2'],
      ['{"renders":[{"prompt":"a"}], x: 1}', '"x" at line 1, column 30'],
      ['[{"prompt":"a"}', 'the end of the body at line 1, column 16'],
      ['[{"prompt":"a"]', '"]" at line 1, column 15'],
    ]) {
      const { code, problems } = await readProblem(await harness.bulk(body));
      expect([body, code, problems[0]?.received]).toEqual([body, 'invalid_json', received]);
    }
    expect(await harness.jobCount()).toBe(0);
  });
});
