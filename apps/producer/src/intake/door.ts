import {
  type Checkpoint,
  type Clock,
  type Ledger,
  type ObjectStore,
  randomRenderId,
  renderIdFor,
  type Standing,
} from '@darkroom/shared';
import { bounded, type RenderQueue, STORE_LIMIT } from '../backends/index.ts';
import { isQueueAway, ProblemError, queueAway } from '../problems/index.ts';
import { findRender } from '../status/index.ts';
import { firstCheckpoint } from './checkpoint.ts';
import { differingFields, fingerprintOf } from './fingerprint.ts';
import { pack, storeInputs } from './references.ts';
import type { CheckedRequest } from './request.ts';

export interface DoorDeps {
  queue: RenderQueue;
  store: ObjectStore;
  ledger: Ledger;
  clock: Clock;
  /** A text that nobody else draws. */
  newToken(): string;
}

/** A render that is durable now (I1), or was before. */
export type Accepted = Pick<Standing, 'renderId' | 'status' | 'progress' | 'createdAt'> & {
  duplicate: boolean;
};

/** A request that is ready for the queue, or was found there. */
export type Prepared =
  | { found: Accepted }
  /** `keyed`: somebody else may add the same id meanwhile. */
  | { checkpoint: Checkpoint; keyed: boolean };

/**
 * Lets one render in.
 *
 * @throws {ProblemError} `invalid_request`, `idempotency_conflict` or `queue_unavailable`; {@link StoreError}.
 */
export async function accept(deps: DoorDeps, tenant: string, checked: CheckedRequest): Promise<Accepted> {
  const prepared = await prepare(deps, tenant, checked);
  if ('found' in prepared) return prepared.found;
  const { checkpoint, keyed } = prepared;
  try {
    await deps.queue.add(checkpoint);
    return keyed ? await settle(deps, checkpoint) : created(checkpoint);
  } catch (error) {
    throw isQueueAway(error) ? queueAway(error, checkpoint.renderId) : error;
  }
}

/** Everything before the queue: images looked into, earlier renders of the same key, inputs in the store. */
export async function prepare(deps: DoorDeps, tenant: string, checked: CheckedRequest): Promise<Prepared> {
  const key = checked.idempotencyKey;
  const renderId = key === undefined ? randomRenderId() : renderIdFor(tenant, key);
  const { request, inputs } = await pack(checked.request);
  const checkpoint = firstCheckpoint({
    renderId,
    tenant,
    request,
    fingerprint: fingerprintOf(request),
    doorToken: deps.newToken(),
    now: deps.clock.now(),
  });
  if (key !== undefined) {
    const standing = await findRender(deps, tenant, renderId);
    if (standing) return { found: recognised(standing, checkpoint) };
  }
  if (inputs.length > 0) {
    await bounded(STORE_LIMIT.image, (signal) => storeInputs(deps.store, inputs, signal));
  }
  return { checkpoint, keyed: key !== undefined };
}

/** After the job was added: of all who added the same id one made it, and the job tells who. */
export async function settle(deps: DoorDeps, checkpoint: Checkpoint): Promise<Accepted> {
  const standing = await findRender(deps, checkpoint.tenant, checkpoint.renderId);
  if (!standing || standing.doorToken === checkpoint.doorToken) return created(checkpoint);
  return recognised(standing, checkpoint);
}

export function created(checkpoint: Checkpoint): Accepted {
  const { renderId, createdAt } = checkpoint;
  return { renderId, createdAt, status: 'queued', progress: 0, duplicate: false };
}

function recognised(standing: Standing, asked: Checkpoint): Accepted {
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
          got: `another ${fields.join(', ') || 'request'}`,
        },
      ],
      renderId: standing.renderId,
    },
  );
}
