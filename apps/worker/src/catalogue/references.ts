import { createHash } from 'node:crypto';
import { LIMITS } from '@darkroom/api';
import { classifyLocation, openLocation } from '@darkroom/catalogue';
import { ensureObject } from '@darkroom/shared/object-store';
import { inputKey, packUrl, type Reference } from '@darkroom/shared/render';
import { fileTypeFromBuffer } from 'file-type';
import type { RunLocations } from './locations.ts';
import type { RunContext } from './run-context.ts';

/** The reference images of renders, as the producer stores those of requests (I5). */
export interface RunReferences {
  /** @throws {FatalProblem} for an image that cannot be read any more */
  pack(reference: string): Promise<Reference>;
}

/** Bounds the memory of a run. Rows with the same reference are near each other. */
const MAX_KEPT = 2_000;

export function createRunReferences(context: RunContext, locations: RunLocations): RunReferences {
  const kept = new Map<string, Promise<Reference>>();
  return {
    pack(reference) {
      const known = kept.get(reference);
      if (known) return known;
      const made =
        classifyLocation(reference) === 'https'
          ? storeUrl(reference, context)
          : storeImage(reference, context, locations);
      // The caller handles the error; this one only prevents that it counts as unhandled.
      made.catch(() => kept.delete(reference));
      kept.set(reference, made);
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      return made;
    },
  };
}

async function storeUrl(text: string, { infra, job }: RunContext): Promise<Reference> {
  const { reference, input } = packUrl(new URL(text));
  if (input) {
    const { contentType, ...object } = input;
    await ensureObject(infra.store, object, { contentType, signal: job.signal, now: infra.clock.now() });
  }
  return reference;
}

/** Copies an image that the provider cannot read itself. */
async function storeImage(
  location: string,
  { infra, job }: RunContext,
  locations: RunLocations,
): Promise<Reference> {
  const { stream } = await openLocation(location, locations);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The plan has refused it, so it has grown since.
    if (size > LIMITS.imageBytes) throw new Error(`${location} has more than ${LIMITS.imageBytes} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const key = inputKey(createHash('sha256').update(body).digest('hex'));
  const contentType = (await fileTypeFromBuffer(body))?.mime ?? 'application/octet-stream';
  const options = { contentType, signal: job.signal, now: infra.clock.now() };
  await ensureObject(infra.store, { key, body }, options);
  return { kind: 'stored', key, contentType, bytes: size };
}
