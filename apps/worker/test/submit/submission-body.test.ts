import { createSubmissionBody } from '@darkroom/providers';
import { type JobRequest, jobRequestSchema } from '@darkroom/shared/render';
import { describe, expect, test } from 'vitest';
import { prepareInputs } from '../../src/submit/prepare-inputs.ts';

const minimal: JobRequest = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'p',
  resolution: '1K',
  images: [],
  priority: 'batch',
};

describe('the fields of a job request', () => {
  /** Two values of each field. A new field of the schema is a type error here. */
  const VALUES: { [K in keyof JobRequest]-?: [JobRequest[K], JobRequest[K]] } = {
    model: ['gemini-3-pro-image-preview', 'nano-banana-pro'],
    prompt: ['a mug', 'a chair'],
    size: ['1:1', '16:9'],
    resolution: ['1K', '4K'],
    images: [[{ kind: 'url', url: 'https://a/1.png' }], [{ kind: 'url', url: 'https://a/2.png' }]],
    mask: [
      { kind: 'url', url: 'https://a/1.png' },
      { kind: 'url', url: 'https://a/2.png' },
    ],
    priority: ['batch', 'interactive'],
    run: ['monday', 'tuesday'],
    webhook: [
      { kind: 'url', url: 'https://a/1' },
      { kind: 'url', url: 'https://a/2' },
    ],
    metadata: [{ sku: '1' }, { sku: '2' }],
  };
  /** For Darkroom alone: the provider must not get them. */
  const NOT_SENT: (keyof JobRequest)[] = ['priority', 'run', 'webhook', 'metadata'];

  const sendBody = async (over: Partial<JobRequest>) => {
    const request = { ...minimal, ...over };
    // URLs need neither settings, nor store, nor provider.
    const prepared = await prepareInputs(request, {} as never, new AbortController().signal);
    if (prepared.kind !== 'ready') throw new Error(prepared.message);
    return createSubmissionBody({ renderId: 'rnd_1', request, inputs: prepared.inputs });
  };

  test.for(Object.keys(jobRequestSchema.shape) as (keyof JobRequest)[])(
    'the field %s reaches the body of the submission, unless it is for Darkroom alone',
    async (field) => {
      const [first, second] = VALUES[field];
      const [one, other] = [await sendBody({ [field]: first }), await sendBody({ [field]: second })];
      if (NOT_SENT.includes(field)) expect(one).toEqual(other);
      else expect(one).not.toEqual(other);
    },
  );
});
