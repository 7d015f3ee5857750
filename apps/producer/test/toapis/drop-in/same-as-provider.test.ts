import { cleanup, requires } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import fc from 'fast-check';
import { expect } from 'vitest';
import { GENERATIONS, submit } from '../../support/drop-in-client.ts';
import { openHarness } from '../../support/harness.ts';

const oneOf = (...values: unknown[]) => fc.constantFrom(...values);
/** Chooses a valid value more often than an invalid one. Otherwise almost no body would be valid as a whole. */
const mostly = (valid: unknown[], invalid: unknown[]) =>
  fc.oneof({ weight: 12, arbitrary: oneOf(...valid) }, { weight: 1, arbitrary: oneOf(...invalid) });

const urls = [
  'https://images.example/a.png',
  { url: 'http://images.example/b.jpg' },
  { url: 'https://x.example', id: 7 },
];
const image = mostly(urls, [
  '',
  'a.png',
  'ftp://x.example/a.png',
  'http://',
  5,
  null,
  {},
  { url: 5 },
  'data:image/png;base64,AAAA',
]);

/** A body that a client may send. It always has `model`, which only the provider requires. */
const body = fc.record(
  {
    model: mostly(['gemini-3-pro-image-preview', 'nano-banana-pro'], ['', 'dall-e', 5, null]),
    prompt: fc.oneof(
      { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }) },
      {
        weight: 1,
        arbitrary: oneOf('x'.repeat(1000), 'x'.repeat(1001), '🦊'.repeat(1000), ' ', '', 5, null, []),
      },
    ),
    size: mostly(['1:1', '21:9', null], ['7:5', '', 5, {}]),
    n: mostly([1], ['1', 2, 0, 1.5, true, null]),
    resolution: mostly(['1K', '2K', '4K'], ['8K', '1k', 1, null]),
    image_urls: fc.oneof(
      { weight: 6, arbitrary: fc.array(image, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(oneOf(...urls), { minLength: 14, maxLength: 15 }) },
      { weight: 1, arbitrary: oneOf(null, 'https://images.example/a.png', {}, 5) },
    ),
    mask_url: mostly(
      ['https://images.example/m.png'],
      ['', 'm.png', 5, null, { url: 'https://x.example/m.png' }],
    ),
    metadata: fc.oneof(
      { weight: 1, arbitrary: oneOf(null, 'x', 5, []) },
      {
        weight: 8,
        arbitrary: fc.record(
          {
            resolution: mostly(['1K', '4K'], ['8K', null, 4]),
            orientation: mostly(['landscape', 'portrait'], ['upside-down', null, 1]),
            other: fc.jsonValue({ maxDepth: 2 }),
          },
          { requiredKeys: [] },
        ),
      },
    ),
    client_business_id: mostly(['order-7', '', null], [5, {}, []]),
    callback_url: mostly(['https://shop.example/hook?x=1', null], ['here', '', 5]),
    more: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['model', 'prompt'] },
);

/** The request without optional fields that are null, and with the model that Darkroom then takes. */
const omitUnset = (request: Record<string, unknown>) => ({
  model: 'gemini-3-pro-image-preview',
  ...Object.fromEntries(
    Object.entries(request).filter(([name, value]) => value !== null || name === 'prompt'),
  ),
});

requires('redis').test(
  'the drop-in endpoint accepts and rejects the same requests as the provider',
  async () => {
    const simulator = await startSimulator({ seed: 7, instant: true, quota: null });
    cleanup(() => simulator.close());
    const harness = await openHarness();
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${simulator.apiKey}` };
    const readAnswer = async (response: Response) => {
      const { status, error } = (await response.json()) as {
        status?: string;
        error?: { code: string; type: string };
      };
      return { http: response.status, status, code: error?.code, type: error?.type };
    };
    let accepted = 0;
    let rejected = 0;
    await fc.assert(
      fc.asyncProperty(body, async (request) => {
        const text = JSON.stringify(request);
        // Many clients send null for a field that is not set. Darkroom accepts it, the provider does not.
        const sent = JSON.stringify(omitUnset(request));
        const [ours, theirs] = await Promise.all([
          submit(harness, text).then(readAnswer),
          fetch(simulator.url + GENERATIONS, { method: 'POST', headers, body: sent }).then(readAnswer),
        ]);
        // The answer to a repeated submission has the present state of the task: queued, because there is no worker.
        expect(ours).toEqual(theirs);
        if (ours.http === 200) accepted += 1;
        else rejected += 1;
      }),
      { numRuns: 600, seed: 7 },
    );
    expect(Math.min(accepted, rejected)).toBeGreaterThan(100);
  },
);
