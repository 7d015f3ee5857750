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
        summary: 'A product picture of a batch, told when it is done',
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
        summary: 'After a reference image',
        value: {
          prompt: 'The same mug on a dark slate',
          image_urls: ['https://shop.example.com/pictures/1042.png'],
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
    'application/x-ndjson': { line: { summary: 'One of the lines', value: mug } },
  },
};

/** Values of parameters, by name, where a schema gives none. */
export const PARAMETER_EXAMPLES: { [name: string]: unknown } = {
  id: EXAMPLE_ID,
  'Idempotency-Key': 'sku-1042-front',
};
