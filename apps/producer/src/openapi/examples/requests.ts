import { EXAMPLE_ID } from './responses.ts';

type Examples = Record<string, { summary: string; value: unknown }>;

const mug = {
  prompt: 'Hand-thrown stoneware mug on a linen cloth',
  size: '1:1',
  resolution: '2K',
  idempotency_key: 'sku-1042-front',
};
const board = {
  prompt: 'Walnut serving board, seen from above',
  priority: 'batch',
  idempotency_key: 'sku-1043-top',
};

/** By operation and media type. */
export const REQUEST_EXAMPLES: { [operationId: string]: { [type: string]: Examples } } = {
  createRender: {
    'application/json': {
      plain: { summary: 'A prompt is enough', value: { prompt: 'A lighthouse at dusk' } },
      product: {
        summary: 'A product image of a batch, with a webhook at its end',
        value: {
          prompt: mug.prompt,
          size: '1:1',
          resolution: '2K',
          run: 'autumn-catalogue',
          metadata: { sku: '1042' },
          webhook_url: 'https://shop.example.com/hooks/darkroom',
        },
      },
      reference: {
        summary: 'With a reference image',
        value: {
          prompt: 'The same mug on a dark slate',
          image_urls: ['https://shop.example.com/images/1042.png'],
          priority: 'batch',
        },
      },
    },
  },
  createRenders: {
    'application/json': {
      array: { summary: 'An array', value: [mug, board] },
      object: { summary: 'An object with an array', value: { renders: [mug, board] } },
    },
    'application/x-ndjson': { line: { summary: 'One line', value: mug } },
  },
};

/** Values of parameters whose schema has no example, by name. */
export const PARAMETER_EXAMPLES: { [name: string]: unknown } = {
  id: EXAMPLE_ID,
  'Idempotency-Key': 'sku-1042-front',
};
