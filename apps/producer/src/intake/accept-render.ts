import { type TenantValue, valuesOfTenant } from '@darkroom/shared/config';
import { type Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Checkpoint, drawRenderId, renderIdFor, type StoredInput } from '@darkroom/shared/render';
import { type Clock } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import { bounded, type RenderQueue, STORE_LIMIT } from '../backends/index.ts';
import { findRender } from '../lookup/index.ts';
import { isQueueAway, ProblemError, queueAway } from '../problems/index.ts';
import { differingFields, fingerprintOf } from './fingerprint.ts';
import { firstCheckpoint } from './first-checkpoint.ts';
import { type OwnPictures, type Packed, pack, storeInputs } from './references.ts';
import type { CheckedRequest } from './request.ts';

export interface DoorDeps {
  queue: RenderQueue;
  store: ObjectStore;
  ledger: Ledger;
  clock: Clock;
  /** Pictures that tenants uploaded before. */
  uploads: OwnPictures;
  /** A text that nobody else draws. */
  newToken(): string;
  /** What a `webhook_url` may be: who has secrets to sign with, and whether it may be a private address. */
  webhooks: { secrets: readonly TenantValue[]; allowPrivate: boolean };
}

/** A render that is durable now (I1), or was before. */
export type Accepted = Pick<RenderSnapshot, 'renderId' | 'status' | 'progress' | 'createdAt'> & {
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
export async function accept(deps: DoorDeps, tenant: string, checked: CheckedRequest): Promise<Accepted> {
  const draft = await draftOf(deps, tenant, checked);
  const { checkpoint, keyed } = draft;
  const { renderId } = checkpoint;
  if (keyed) {
    const earlier = await findRender(deps, tenant, renderId);
    if (earlier) return recognised(earlier, checkpoint);
  }
  await store(deps, draft);
  try {
    await deps.queue.add(checkpoint);
    if (!keyed || (await deps.queue.areOurs([checkpoint]))[0]) return created(checkpoint);
    // Somebody else was faster.
    const theirs = await findRender(deps, tenant, renderId);
    return theirs ? recognised(theirs, checkpoint) : created(checkpoint);
  } catch (error) {
    throw isQueueAway(error) ? queueAway(error, renderId) : error;
  }
}

/** Everything before queue and store. Waits only for images to be looked into. @throws {ProblemError} */
export function draftOf(deps: DoorDeps, tenant: string, checked: CheckedRequest): Draft | Promise<Draft> {
  const { secrets, allowPrivate } = deps.webhooks;
  const signed = checked.request.webhook_url === undefined || valuesOfTenant(secrets, tenant).length > 0;
  const own = { pictures: deps.uploads, tenant };
  const packed = pack(checked.request, { signed, allowPrivate }, own);
  const draft = ({ request, inputs }: Packed): Draft => {
    const key = checked.idempotencyKey;
    const checkpoint = firstCheckpoint({
      renderId: key === undefined ? drawRenderId() : renderIdFor(tenant, key),
      tenant,
      request,
      fingerprint: fingerprintOf(request),
      provider: 'toapis',
      creatorToken: deps.newToken(),
      now: deps.clock.now(),
    });
    return { checkpoint, inputs, keyed: key !== undefined };
  };
  return packed instanceof Promise ? packed.then(draft) : draft(packed);
}

/** Stores what a draft's job will refer to. @throws {StoreError} */
export async function store(deps: DoorDeps, { inputs }: Draft): Promise<void> {
  if (inputs.length === 0) return;
  await bounded(STORE_LIMIT.image, (signal) => storeInputs(deps.store, inputs, signal));
}

export function created(checkpoint: Checkpoint): Accepted {
  const { renderId, createdAt } = checkpoint;
  return { renderId, createdAt, status: 'queued', progress: 0, duplicate: false };
}

/** The earlier render of a key. @throws {ProblemError} `idempotency_conflict` when it asked for something else. */
export function recognised(standing: RenderSnapshot, asked: Checkpoint): Accepted {
  if (standing.fingerprint === asked.fingerprint) return { ...standing, duplicate: true };
  const fields = differingFields(standing.request, asked.request);
  throw new ProblemError(
    'idempotency_conflict',
    `This idempotency key belongs to render ${standing.renderId}, which asked for something else. Use a new key for a new request.`,
    {
      problems: [
        {
          field: 'idempotency_key',
          expected: 'the same request as the first one under this key',
          received: `another ${fields.join(', ') || 'request'}`,
        },
      ],
      renderId: standing.renderId,
    },
  );
}
