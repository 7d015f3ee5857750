import { createHash, hash } from 'node:crypto';
import { LIMITS } from '@darkroom/api';
import { FatalProblem } from '../problems.ts';
import { type LocationDeps, openLocation } from '../source/index.ts';

/** Digests of reference images. Each address is read once, unless very many others come between. */
export interface ReferenceDigests {
  /** `sha256:…` of the bytes, or `address:…`. @throws {FatalProblem} when the image cannot be read */
  digest(reference: string): Promise<string>;
}

/** Bounds the memory of a plan. Rows with the same reference are near each other. */
const MAX_KEPT = 2_000;

export function createReferenceDigests(mode: 'content' | 'address', deps: LocationDeps): ReferenceDigests {
  if (mode === 'address')
    return { digest: async (reference) => `address:${hash('sha256', reference, 'hex')}` };
  const kept = new Map<string, Promise<string>>();
  return {
    digest(reference) {
      const known = kept.get(reference);
      if (known) return known;
      const made = readDigest(reference, deps);
      // The caller handles the error; this one only prevents that it counts as unhandled.
      made.catch(() => undefined);
      kept.set(reference, made);
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      return made;
    },
  };
}

async function readDigest(reference: string, deps: LocationDeps): Promise<string> {
  const { stream } = await openLocation(reference, deps);
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.imageBytes) {
      stream.destroy();
      throw new FatalProblem({
        in: 'source',
        line: null,
        field: 'references',
        message: `expected an image of at most ${LIMITS.imageBytes} bytes`,
      });
    }
    digest.update(chunk);
  }
  return `sha256:${digest.digest('hex')}`;
}
