import { runRequestSchema } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { ensureObject } from '@darkroom/shared/object-store';
import { packUrl, type Reference, randomHex } from '@darkroom/shared/render';
import {
  createRun,
  RunConflictError,
  type RunDefinition,
  type RunRecord,
  RunStore,
} from '@darkroom/shared/runs';
import { parseDollars } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { describeCaller, requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { checkWebhook, readJsonBody } from '../intake/index.ts';
import { type FieldProblem, invalidRequest, ProblemError } from '../problems/index.ts';
import { findRun, type RunEndpointDeps } from './find-run.ts';

/**
 * Creates the run that a body defines, or finds it.
 *
 * @throws {ProblemError} `invalid_request`, `run_conflict`; {@link StoreError}; the errors of the engine.
 */
export async function createRequestedRun(
  deps: RunEndpointDeps,
  request: FastifyRequest,
): Promise<{ record: RunRecord; isNew: boolean }> {
  const body = readJsonBody(request, runRequestSchema);
  const tenant = readTenant(request, body.tenant);
  const url = body.webhook_url === undefined ? undefined : new URL(body.webhook_url);
  const now = deps.clock.now();
  const deadlineAt = body.deadline === undefined ? undefined : Date.parse(body.deadline);
  const id = body.id ?? `run_${randomHex(8)}`;
  const problems = [
    url && checkWebhook(deps.intake, tenant, url),
    await checkDeadline(deps, { tenant, id }, deadlineAt, now),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw invalidRequest(problems);
  const definition: RunDefinition = {
    tenant,
    id,
    ...(body.name === undefined ? {} : { name: body.name }),
    ...(body.lane === undefined ? {} : { lane: body.lane }),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
    ...(body.budget === undefined ? {} : { budgetMicros: parseDollars(body.budget) }),
    ...(url ? { webhook: await storeUrl(deps, url, now) } : {}),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
    createdAt: now,
    actor: describeCaller(request.caller),
  };
  try {
    const { isNew } = await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) =>
      createRun(deps, definition, signal),
    );
    return { record: await findRun(deps, definition), isNew };
  } catch (error) {
    if (!(error instanceof RunConflictError)) throw error;
    throw new ProblemError('run_conflict', error.message, {
      problems: error.fields.map((field) => ({
        field: FIELD[field] ?? field,
        expected: 'the value of the run that exists',
        received: 'another value',
      })),
    });
  }
}

/** The names of the definition's fields in a request. */
const FIELD: Record<string, string> = {
  deadlineAt: 'deadline',
  budgetMicros: 'budget',
  webhook: 'webhook_url',
};

function readTenant(request: FastifyRequest, tenant: string | undefined): string {
  const own = requireTenant(request);
  if (own !== ALL_TENANTS && request.caller?.key && tenant !== undefined && tenant !== own) {
    const expected = 'nothing, or the tenant of the key';
    throw invalidRequest([{ field: 'tenant', expected, received: 'another tenant' }]);
  }
  const owner = own === ALL_TENANTS || !request.caller?.key ? (tenant ?? own) : own;
  if (owner === ALL_TENANTS)
    throw invalidRequest([{ field: 'tenant', expected: 'the tenant of the run', received: 'nothing' }]);
  return owner;
}

/** A new run needs time. A run that exists may be created again after its deadline. */
async function checkDeadline(
  { store }: RunEndpointDeps,
  run: { tenant: string; id: string },
  deadlineAt: number | undefined,
  now: number,
): Promise<FieldProblem | undefined> {
  if (deadlineAt === undefined || deadlineAt > now) return undefined;
  const known = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    new RunStore(store).readDefinition(run, { signal }),
  );
  return known
    ? undefined
    : { field: 'deadline', expected: 'a time in the future', received: new Date(deadlineAt).toISOString() };
}

/** A long URL, or one with a query, is in the store: it may contain a secret (I8). */
async function storeUrl({ store }: RunEndpointDeps, url: URL, now: number): Promise<Reference> {
  const { reference, input } = packUrl(url);
  if (!input) return reference;
  const { contentType, ...object } = input;
  await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    ensureObject(store, object, { contentType, signal, now }),
  );
  return reference;
}
