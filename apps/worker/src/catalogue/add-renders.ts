import { FatalProblem, itemIdempotencyKey, type RunId, type RunItem, runLabel } from '@darkroom/catalogue';
import {
  type JobRequest,
  jobRequestSchema,
  type Reference,
  renderIdFor,
  type SerializedCheckpoint,
} from '@darkroom/shared/render';
import pMap from 'p-map';
import type { RunReferences } from './references.ts';
import type { RunContext } from './run-context.ts';

/** Items whose reference images are stored at the same time. */
const PARALLEL = 8;

/** The render of an item. It is derived from the run and the item, never from a position (I6). */
export const renderIdOf = (id: RunId, item: Pick<RunItem, 'key' | 'view'>) =>
  renderIdFor(id.tenant, itemIdempotencyKey(id, item));

/**
 * Adds the renders of items. A render that exists stays, so a run that follows a killed one adds none twice.
 *
 * @returns the renders that cannot be made, because a reference image is gone since the plan, with the reason
 */
export async function addRenders(
  items: readonly RunItem[],
  context: RunContext,
  references: RunReferences,
): Promise<Map<string, string>> {
  const { id, own, job } = context;
  const impossible = new Map<string, string>();
  const create = async (item: RunItem) => {
    try {
      return [await createRender(item, context, references)];
    } catch (error) {
      if (!(error instanceof FatalProblem)) throw error;
      impossible.set(renderIdOf(id, item), error.problem.message);
      return [];
    }
  };
  const options = { concurrency: PARALLEL, signal: job.signal };
  await own.intake.add((await pMap(items, create, options)).flat());
  return impossible;
}

async function createRender(
  item: RunItem,
  { id, own }: RunContext,
  references: RunReferences,
): Promise<SerializedCheckpoint> {
  const images: Reference[] = [];
  for (const reference of item.references) images.push(await references.pack(reference));
  return own.intake.createRender({
    renderId: renderIdOf(id, item),
    tenant: id.tenant,
    request: createRequest(item, id, images),
  });
}

/** Interactive renders go first. */
function createRequest({ key, view, inputs }: RunItem, id: RunId, images: Reference[]): JobRequest {
  const { prompt, model, size, resolution } = inputs;
  return jobRequestSchema.parse({
    model,
    prompt,
    ...(size === null ? {} : { size }),
    resolution,
    images,
    priority: 'batch',
    run: runLabel(id),
    metadata: { catalogue: id.catalogue, key, ...(view === null ? {} : { view }) },
  });
}
