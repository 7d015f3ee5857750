import {
  LIVE_LIMITS,
  type LimitName,
  type LimitResponse,
  limitRequestSchema,
  type OverridableName,
  readShareTenant,
  tenantShareName,
} from '@darkroom/api';
import { type LimitRange, MAX_TENANT_SHARE, readLimitRanges, type Settings } from '@darkroom/shared/config';
import { type ControlState, findOverride, readBaseShare } from '@darkroom/shared/control';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { LiveControls, SeenWorkers } from '../backends/index.ts';
import { checkRequest, invalidRequest, ProblemError } from '../problems/index.ts';
import { limitResponse } from './responses.ts';

export interface LimitDeps {
  controls: LiveControls;
  settings: Settings;
  clock: Clock;
  auditor: Auditor;
}

/** All limits, with what each worker has applied. */
export async function listLimits(deps: LimitDeps): Promise<LimitResponse[]> {
  const { state, workers } = await readFacts(deps);
  const names = [...LIVE_LIMITS, ...listShareNames(deps.settings, state)];
  return names.map((name) => describe(deps, name, { state, workers }));
}

async function readFacts({ controls }: LimitDeps) {
  const [state, workers] = await Promise.all([controls.readState(), controls.readWorkers()]);
  return { state, workers };
}

const describe = (
  { settings, clock }: LimitDeps,
  name: OverridableName,
  facts: { state: ControlState; workers: SeenWorkers },
) => limitResponse(name, readRange(settings, name), { ...facts, now: clock.now() });

/** The shares that are not as those of other tenants. */
function listShareNames(settings: Settings, state: ControlState): OverridableName[] {
  const tenants = [
    ...settings.TENANT_SHARES.map(({ tenant }) => tenant),
    ...[...state.limits, ...state.endedLimits].map(({ name }) => readShareTenant(name)),
  ].filter((tenant) => tenant !== undefined);
  return [...new Set(tenants)].toSorted().map(tenantShareName);
}

function readRange(settings: Settings, name: OverridableName): LimitRange {
  const tenant = readShareTenant(name);
  return tenant === undefined
    ? readLimitRanges(settings)[name as LimitName]
    : { base: readBaseShare(settings.TENANT_SHARES, tenant), minimum: 1, maximum: MAX_TENANT_SHARE };
}

/** @throws {ProblemError} `limit_not_found`. */
export async function getLimit(deps: LimitDeps, name: string): Promise<LimitResponse> {
  return describe(deps, checkName(name), await readFacts(deps));
}

/**
 * Overrides a limit, and records it. A value outside its range is rejected, never reduced. No pause ends.
 *
 * @throws {ProblemError} `limit_not_found`, `invalid_request`.
 */
export async function setLimit(
  deps: LimitDeps,
  request: FastifyRequest,
  limit: string,
  value: unknown,
): Promise<LimitResponse> {
  const { controls, clock, auditor } = deps;
  const name = checkName(limit);
  const { value: wanted, reason, until: untilTime } = checkRequest(value, limitRequestSchema);
  const until = untilTime === undefined ? undefined : Date.parse(untilTime);
  const { base, minimum, maximum } = readRange(deps.settings, name);
  if (wanted < minimum || wanted > maximum) {
    const expected = `a whole number from ${minimum} to ${maximum}`;
    throw invalidRequest([{ field: 'value', expected, received: String(wanted) }]);
  }
  const now = clock.now();
  if (until !== undefined && until <= now) {
    const expected = 'a time in the future';
    throw invalidRequest([{ field: 'until', expected, received: 'a time that is over' }]);
  }
  const before = findOverride(await controls.readState(), name, now);
  const actor = describeCaller(request.caller);
  await controls.setOverride({
    name,
    value: wanted,
    actor,
    reason,
    since: now,
    ...(until === undefined ? {} : { until }),
  });
  await auditor.record(request, {
    action: 'limit.set',
    target: { kind: 'limit', id: name },
    tenant: ALL_TENANTS,
    reason,
    before: {
      value: before?.value ?? base,
      override: before?.value ?? null,
      until: toIsoTime(before?.until),
    },
    after: { value: wanted, override: wanted, until: toIsoTime(until) },
  });
  return await getLimit(deps, name);
}

/**
 * Ends the override of a limit, and records it. Without one, it changes nothing.
 *
 * @throws {ProblemError} `limit_not_found`.
 */
export async function unsetLimit(
  deps: LimitDeps,
  request: FastifyRequest,
  limit: string,
): Promise<LimitResponse> {
  const { controls, clock, auditor, settings } = deps;
  const name = checkName(limit);
  const before = findOverride(await controls.readState(), name, clock.now());
  await controls.removeOverrides(name);
  if (before) {
    await auditor.record(request, {
      action: 'limit.unset',
      target: { kind: 'limit', id: name },
      tenant: ALL_TENANTS,
      before: { value: before.value, override: before.value, until: toIsoTime(before.until) },
      after: { value: readRange(settings, name).base, override: null, until: null },
    });
  }
  return await getLimit(deps, name);
}

const toIsoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());

const notFound = () => new ProblemError('limit_not_found', 'There is no limit with this name.');

function checkName(name: string): OverridableName {
  const known = LIVE_LIMITS.find((one) => one === name);
  if (known) return known;
  const tenant = readShareTenant(name);
  if (tenant === undefined) throw notFound();
  return tenantShareName(tenant);
}
