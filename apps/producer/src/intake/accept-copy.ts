import { renewObject } from '@darkroom/shared/object-store';
import { copyIdFor, createCheckpoint, type JobRequest } from '@darkroom/shared/render';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { findRender } from '../lookup/index.ts';
import { ProblemError, stillRestoring } from '../problems/index.ts';
import { type AcceptedRender, enqueueRender, type IntakeDeps } from './accept-render.ts';

/** The copy of a render, if an earlier call created it. */
export const findCopy = (
  deps: Pick<IntakeDeps, 'queue' | 'ledger'>,
  { renderId, tenant }: RenderSnapshot,
): Promise<RenderSnapshot | undefined> => findRender(deps, tenant, copyIdFor(renderId));

/**
 * Buys the image of a render a second time: accepts a new render with the same request. Its id follows from the first
 * one, so a render has one copy, however often this is called (I2). Records and image of the first render stay as they
 * are.
 *
 * The copy keeps `run` as a label. A run that was created does not count it: the run may have ended.
 *
 * @throws {ProblemError} `buy_again_refused`, `restoring` or `queue_unavailable`; {@link StoreError}.
 */
export async function acceptCopy(deps: IntakeDeps, original: RenderSnapshot): Promise<AcceptedRender> {
  const { tenant, request } = original;
  const earlier = await findCopy(deps, original);
  if (earlier) {
    // The call that created it may not be answered yet.
    await deps.recorder.syncQueue();
    return { ...earlier, duplicate: true };
  }
  // The queue may have lost the copy of an earlier call.
  if (await deps.queueState.isIncomplete()) throw stillRestoring();
  await renewInputs(deps, original);
  const checkpoint = createCheckpoint({
    renderId: copyIdFor(original.renderId),
    tenant,
    request,
    provider: 'toapis',
    creatorToken: deps.newToken(),
    copyOf: original.renderId,
    now: deps.clock.now(),
  });
  return await enqueueRender(deps, { checkpoint, inputs: [], keyed: true, run: undefined });
}

/** Without its inputs, a copy would fail or have another image. */
async function renewInputs(
  { store, clock }: IntakeDeps,
  { request, renderId }: RenderSnapshot,
): Promise<void> {
  await withStoreDeadline(STORE_DEADLINE_MS.image, async (signal) => {
    for (const key of listInputs(request)) {
      if (await renewObject(store, key, { now: clock.now(), signal })) continue;
      const detail = `The store no longer has ${key}, which the request needs.`;
      throw new ProblemError('buy_again_refused', detail, { renderId });
    }
  });
}

const listInputs = ({ images, mask, webhook }: JobRequest): string[] =>
  [...images, mask, webhook].flatMap((one) => (one && one.kind !== 'url' ? one.key : []));
