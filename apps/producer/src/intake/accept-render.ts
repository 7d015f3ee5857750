import type { Durability } from '@darkroom/api';
import { selectTenantValues, type TenantValue } from '@darkroom/shared/config';
import { type Ledger } from '@darkroom/shared/ledger';
import { checkWebhookUrl } from '@darkroom/shared/net';
import { ensureObject, type ObjectStore } from '@darkroom/shared/object-store';
import {
  type Checkpoint,
  createCheckpoint,
  drawRenderId,
  listDifferingFields,
  measureExcess,
  renderIdFor,
  type SerializedCheckpoint,
  type StoredInput,
  serializeCheckpoint,
} from '@darkroom/shared/render';
import { type Clock } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import {
  type IntakeRecorder,
  type IntakeRun,
  type QueueStateReader,
  type RenderQueue,
  type RunIntake,
  STORE_DEADLINE_MS,
  withStoreDeadline,
} from '../backends/index.ts';
import { findRender } from '../lookup/index.ts';
import {
  type FieldProblem,
  invalidRequest,
  isQueueAway,
  ProblemError,
  queueUnavailable,
  stillRestoring,
} from '../problems/index.ts';
import { type PackedRequest, packRequest, type TenantUploads } from './references.ts';
import type { CheckedRequest } from './request.ts';

export interface IntakeDeps {
  queue: RenderQueue;
  queueState: QueueStateReader;
  recorder: IntakeRecorder;
  runs: RunIntake;
  store: ObjectStore;
  ledger: Ledger;
  clock: Clock;
  /** Images that tenants uploaded before. */
  uploads: TenantUploads;
  /** Maximum size of a body that can contain images. */
  maxBodyBytes: number;
  /** Draws a creator token, which no other call draws. */
  newToken(): string;
  /** Which webhooks are allowed: the secrets to sign with, and whether private addresses are allowed. */
  webhooks: { secrets: readonly TenantValue[]; allowPrivate: boolean };
  /** Counts the outcomes of requests for a metric. @param count of them. @default 1 */
  recordIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string, count?: number): void;
}

/** A render that is durable (I1): queued now, or found under its idempotency key. */
export type AcceptedRender = Pick<RenderSnapshot, 'renderId' | 'status' | 'progress' | 'createdAt'> & {
  duplicate: boolean;
  /** Absent for a duplicate: an earlier call accepted it. */
  durability?: Durability;
};

/** A checked request as a checkpoint for the queue, with the inputs that must be stored first. */
export interface Draft {
  checkpoint: Checkpoint;
  inputs: StoredInput[];
  /** The request has an idempotency key. So another call may have added the same id, or may do so meanwhile. */
  keyed: boolean;
  /** The run that counts it. */
  run: IntakeRun | undefined;
}

/**
 * Accepts one render.
 *
 * @throws {ProblemError} `invalid_request`, `idempotency_conflict`, `run_closed`, `restoring` or `queue_unavailable`;
 * {@link StoreError}.
 */
export async function acceptRender(
  deps: IntakeDeps,
  tenant: string,
  checked: CheckedRequest,
): Promise<AcceptedRender> {
  const draft = await draftRender(deps, tenant, checked, await findRun(deps, tenant, checked));
  const { checkpoint, keyed, run } = draft;
  if (keyed) {
    const earlier = await findRender(deps, tenant, checkpoint.renderId);
    if (earlier) return await answerDuplicate(deps, earlier, checkpoint);
    // The key may belong to a render that the queue lacks, with another request. It must not get the image of that one.
    if (await deps.queueState.isIncomplete()) throw stillRestoring();
  }
  if (run?.closed) throw runClosed(run);
  await storeInputs(deps, draft);
  return await enqueueRender(deps, draft);
}

/** Adds a render to journal and queue. With a key, it may find that another call has added it. */
export async function enqueueRender(deps: IntakeDeps, draft: Draft): Promise<AcceptedRender> {
  const { checkpoint, keyed } = draft;
  const { renderId, tenant } = checkpoint;
  const serialized = serializeCheckpoint(checkpoint);
  const { durability, withdraw } = await deps.recorder.record([serialized]);
  try {
    await addToQueue(deps, draft, serialized).catch(async (error: unknown) => {
      if (!staysInJournal(draft, error)) await withdraw([renderId]);
      throw error;
    });
    if (keyed && !(await deps.queue.areOwn([checkpoint]))[0]) {
      // Another call with the same key was faster.
      const existing = await findRender(deps, tenant, renderId);
      if (existing) {
        await withdraw([renderId]);
        if (draft.run && existing.request.run !== draft.run.id)
          await deps.runs.withdraw(draft.run, [renderId]);
        return await answerDuplicate(deps, existing, checkpoint);
      }
    }
    await deps.recorder.syncQueue();
    return toNewRender(checkpoint, durability);
  } catch (error) {
    throw isQueueAway(error) ? queueUnavailable(error, renderId) : error;
  }
}

/** Its run counts the render before the queue has it: a worker that ends it finds it there. */
async function addToQueue(deps: IntakeDeps, draft: Draft, serialized: SerializedCheckpoint): Promise<void> {
  const { run } = draft;
  if (!run) return await deps.queue.add(serialized);
  const { renderId } = draft.checkpoint;
  const refused = await deps.runs.add(run, [renderId]);
  if (refused.length > 0) throw runClosed(run);
  await deps.queue.add(serialized).catch(async (error: unknown) => {
    if (!staysInJournal(draft, error)) await deps.runs.withdraw(run, [renderId]);
    throw error;
  });
}

/** The run that the request names, if it was created. Throws {@link StoreError}. */
export const findRun = async (
  { runs }: IntakeDeps,
  tenant: string,
  { request: { run } }: CheckedRequest,
): Promise<IntakeRun | undefined> => (run === undefined ? undefined : await runs.find(tenant, run));

/** A sealed or canceled run takes no more renders. */
export const runClosed = ({ id, closed }: IntakeRun) =>
  new ProblemError('run_closed', `The run ${id} is ${closed ?? 'sealed'}: it takes no more renders.`, {
    problems: [
      {
        field: 'run',
        expected: 'a run that is open, or no run',
        received: `${id}, which is ${closed ?? 'sealed'}`,
      },
    ],
  });

/** The earlier render may have been added a moment ago, by a call that has not been answered yet. */
async function answerDuplicate(
  { recorder }: IntakeDeps,
  existing: RenderSnapshot,
  requested: Checkpoint,
): Promise<AcceptedRender> {
  await recorder.syncQueue();
  return toDuplicate(existing, requested);
}

/**
 * Whether a render stays in the journal although the queue did not confirm it. An add without an answer may have worked.
 * A caller with a key sends the request again, and then finds the job of this add: it must be in the journal. If the add
 * did not work, a worker adds the render from the journal later, which is the same render. A caller without a key looks
 * for the id and sends a new request if there is none, so the first render must not appear later.
 */
export const staysInJournal = ({ keyed }: Draft, error: unknown): boolean => keyed && isQueueAway(error);

/** Whether the tenant may use this webhook URL. */
export function checkWebhook({ webhooks }: IntakeDeps, tenant: string, url: URL): FieldProblem | undefined {
  const { secrets, allowPrivate } = webhooks;
  return checkWebhookUrl(url, { signed: selectTenantValues(secrets, tenant).length > 0, allowPrivate });
}

/** Everything before queue and store. Returns a promise only when images must be read. @throws {ProblemError} */
export function draftRender(
  deps: IntakeDeps,
  tenant: string,
  checked: CheckedRequest,
  run: IntakeRun | undefined,
): Draft | Promise<Draft> {
  const owner = { uploads: deps.uploads, tenant };
  const lane = checked.hasPriority ? undefined : run?.lane;
  const fields = lane === undefined ? checked.request : { ...checked.request, priority: lane };
  const packed = packRequest(fields, (url) => checkWebhook(deps, tenant, url), owner);
  const toDraft = ({ request, inputs }: PackedRequest): Draft => {
    const key = checked.idempotencyKey;
    const checkpoint = createCheckpoint({
      renderId: key === undefined ? drawRenderId() : renderIdFor(tenant, key),
      tenant,
      request,
      provider: 'toapis',
      creatorToken: deps.newToken(),
      ...(run ? { inRun: true as const } : {}),
      now: deps.clock.now(),
    });
    rejectExcess(checkpoint);
    return { checkpoint, inputs, keyed: key !== undefined, run };
  };
  return packed instanceof Promise ? packed.then(toDraft) : toDraft(packed);
}

/** @throws {ProblemError} `invalid_request` when the job would be too large. */
function rejectExcess(checkpoint: Checkpoint): void {
  const found = measureExcess(checkpoint);
  if (!found) return;
  const { field, excess, bytes } = found;
  throw invalidRequest([
    {
      field,
      expected: `at least ${excess} bytes less: prompt, images and metadata together are larger than a job may be`,
      received: `${bytes} bytes`,
    },
  ]);
}

/** Stores the inputs that the job refers to. Keys are digests, so storing twice is harmless (I6). @throws {StoreError} */
export async function storeInputs({ store, clock }: IntakeDeps, { inputs }: Draft): Promise<void> {
  if (inputs.length === 0) return;
  await withStoreDeadline(STORE_DEADLINE_MS.image, async (signal) => {
    for (const { contentType, ...object } of inputs) {
      await ensureObject(store, object, { contentType, signal, now: clock.now() });
    }
  });
}

export function toNewRender({ renderId, createdAt }: Checkpoint, durability: Durability): AcceptedRender {
  return { renderId, createdAt, status: 'queued', progress: 0, duplicate: false, durability };
}

/** The earlier render of a key. @throws {ProblemError} `idempotency_conflict` when its request was different. */
export function toDuplicate(existing: RenderSnapshot, requested: Checkpoint): AcceptedRender {
  if (existing.fingerprint === requested.fingerprint) return { ...existing, duplicate: true };
  const fields = listDifferingFields(existing.request, requested.request);
  throw new ProblemError(
    'idempotency_conflict',
    `This idempotency key belongs to render ${existing.renderId}, whose request was different. Use a new key for a new request.`,
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
