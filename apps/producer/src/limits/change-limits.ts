import { LIVE_LIMITS, type LimitName, type LimitResponse, limitRequestSchema } from '@darkroom/api';
import { readLimitRanges, type Settings } from '@darkroom/shared/config';
import { findOverride } from '@darkroom/shared/control';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { LiveControls } from '../backends/index.ts';
import { checkRequest, invalidRequest, ProblemError } from '../problems/index.ts';
import { limitResponse } from './responses.ts';

export interface LimitDeps {
  controls: LiveControls;
  settings: Settings;
  clock: Clock;
  auditor: Auditor;
}

/** All limits, with what each worker has applied. */
export async function listLimits({ controls, settings, clock }: LimitDeps): Promise<LimitResponse[]> {
  const [state, workers] = await Promise.all([controls.readState(), controls.readWorkers()]);
  const ranges = readLimitRanges(settings);
  return LIVE_LIMITS.map((name) => limitResponse(name, ranges[name], { state, workers, now: clock.now() }));
}

/** @throws {ProblemError} `limit_not_found`. */
export async function getLimit(deps: LimitDeps, name: string): Promise<LimitResponse> {
  const limit = (await listLimits(deps)).find((one) => one.name === name);
  if (!limit) throw notFound();
  return limit;
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
  const { base, minimum, maximum } = readLimitRanges(deps.settings)[name];
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
      after: { value: readLimitRanges(settings)[name].base, override: null, until: null },
    });
  }
  return await getLimit(deps, name);
}

const toIsoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());

const notFound = () => new ProblemError('limit_not_found', 'There is no limit with this name.');

function checkName(name: string): LimitName {
  const known = LIVE_LIMITS.find((one) => one === name);
  if (!known) throw notFound();
  return known;
}
