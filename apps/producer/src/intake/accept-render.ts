import { type TenantValue, valuesOfTenant } from '@darkroom/shared/config';
import { type Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Checkpoint, drawRenderId, renderIdFor, type StoredInput } from '@darkroom/shared/render';
import { type Clock } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import { type RenderQueue, STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { findRender } from '../lookup/index.ts';
import { isQueueAway, ProblemError, queueUnavailable } from '../problems/index.ts';
import { fingerprintRequest, listDifferingFields } from './fingerprint.ts';
import { createCheckpoint } from './first-checkpoint.ts';
import { type PackedRequest, packRequest, storeInputs, type TenantUploads } from './references.ts';
import type { CheckedRequest } from './request.ts';

export interface IntakeDeps {
  queue: RenderQueue;
  store: ObjectStore;
  ledger: Ledger;
  clock: Clock;
  /** Pictures that tenants uploaded before. */
  uploads: TenantUploads;
  /** A text that nobody else draws. */
  newToken(): string;
  /** What a `webhook_url` may be: who has secrets to sign with, and whether it may be a private address. */
  webhooks: { secrets: readonly TenantValue[]; allowPrivate: boolean };
}

/** A render that is durable now (I1), or was before. */
export type AcceptedRender = Pick<RenderSnapshot, 'renderId' | 'status' | 'progress' | 'createdAt'> & {
  duplicate: boolean;
};

/** A request that is ready for the queue, but for what has to be stored first. */
export interface Draft {
  checkpoint: Checkpoint;
  inputs: StoredInput[];
  /** It has an idempotency key: somebody else may have added the same id, or do so meanwhile. */
  keyed: boolean;
}

/**
 * Lets one render in.
 *
 * @throws {ProblemError} `invalid_request`, `idempotency_conflict` or `queue_unavailable`; {@link StoreError}.
 */
export async function acceptRender(
  deps: IntakeDeps,
  tenant: string,
  checked: CheckedRequest,
): Promise<AcceptedRender> {
  const draft = await draftRender(deps, tenant, checked);
  const { checkpoint, keyed } = draft;
  const { renderId } = checkpoint;
  if (keyed) {
    const earlier = await findRender(deps, tenant, renderId);
    if (earlier) return toDuplicate(earlier, checkpoint);
  }
  await store(deps, draft);
  try {
    await deps.queue.add(checkpoint);
    if (!keyed || (await deps.queue.areOwn([checkpoint]))[0]) return toNewRender(checkpoint);
    // Somebody else was faster.
    const theirs = await findRender(deps, tenant, renderId);
    return theirs ? toDuplicate(theirs, checkpoint) : toNewRender(checkpoint);
  } catch (error) {
    throw isQueueAway(error) ? queueUnavailable(error, renderId) : error;
  }
}

/** Everything before queue and store. Waits only for images to be looked into. @throws {ProblemError} */
export function draftRender(
  deps: IntakeDeps,
  tenant: string,
  checked: CheckedRequest,
): Draft | Promise<Draft> {
  const { secrets, allowPrivate } = deps.webhooks;
  const signed = checked.request.webhook_url === undefined || valuesOfTenant(secrets, tenant).length > 0;
  const own = { pictures: deps.uploads, tenant };
  const packed = packRequest(checked.request, { signed, allowPrivate }, own);
  const draft = ({ request, inputs }: PackedRequest): Draft => {
    const key = checked.idempotencyKey;
    const checkpoint = createCheckpoint({
      renderId: key === undefined ? drawRenderId() : renderIdFor(tenant, key),
      tenant,
      request,
      fingerprint: fingerprintRequest(request),
      provider: 'toapis',
      creatorToken: deps.newToken(),
      now: deps.clock.now(),
    });
    return { checkpoint, inputs, keyed: key !== undefined };
  };
  return packed instanceof Promise ? packed.then(draft) : draft(packed);
}

/** Stores what a draft's job will refer to. @throws {StoreError} */
export async function store(deps: IntakeDeps, { inputs }: Draft): Promise<void> {
  if (inputs.length === 0) return;
  await withStoreDeadline(STORE_DEADLINE_MS.image, (signal) => storeInputs(deps.store, inputs, signal));
}

export function toNewRender(checkpoint: Checkpoint): AcceptedRender {
  const { renderId, createdAt } = checkpoint;
  return { renderId, createdAt, status: 'queued', progress: 0, duplicate: false };
}

/** The earlier render of a key. @throws {ProblemError} `idempotency_conflict` when it asked for something else. */
export function toDuplicate(existing: RenderSnapshot, requested: Checkpoint): AcceptedRender {
  if (existing.fingerprint === requested.fingerprint) return { ...existing, duplicate: true };
  const fields = listDifferingFields(existing.request, requested.request);
  throw new ProblemError(
    'idempotency_conflict',
    `This idempotency key belongs to render ${existing.renderId}, which asked for something else. Use a new key for a new request.`,
    {
      problems: [
        {
          field: 'idempotency_key',
          expected: 'the same request as the first one under this key',
          received: `another ${fields.join(', ') || 'request'}`,
        },
      ],
      renderId: existing.renderId,
    },
  );
}
