import { type CatalogueScheduleResponse, catalogueScheduleRequestSchema } from '@darkroom/api';
import { createSchedule, type Schedule, type ScheduleId } from '@darkroom/catalogue';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describeCaller, hasRole, requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { noQuery, parseBodiesAsBytes, readQuery, requireBodyKind } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { ProblemError } from '../problems/index.ts';
import { checkScheduledFile } from './check-file.ts';
import type { CatalogueDeps } from './deps.ts';
import { deleteScheduleDoc, getScheduleDoc, putScheduleDoc, tenantParams } from './docs.ts';
import { chooseTenant, readName } from './path.ts';
import { describeSchedule } from './read-schedule.ts';

/** A catalogue file with all characters escaped. */
const MAX_BODY_BYTES = 700_000;

/** `/v1/catalogues/{name}/schedule`. */
export function registerSchedules(app: FastifyInstance, deps: CatalogueDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'PUT') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/catalogues/:name/schedule', {
      GET: getEndpoint(deps),
      PUT: putEndpoint(deps),
      DELETE: deleteEndpoint(deps),
    });
  });
}

const getEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'read',
  doc: getScheduleDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    return await reply.send(await findSchedule({ tenant, catalogue: readName(request) }, deps));
  },
});

const putEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: MAX_BODY_BYTES,
  doc: putScheduleDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { file } = readJsonBody(request, catalogueScheduleRequestSchema);
    const { caller } = request;
    const id = { tenant: requireTenant(request), catalogue: readName(request) };
    const readsBuckets = caller !== undefined && hasRole(caller, 'operate');
    const config = checkScheduledFile(file, { ...id, readsBuckets, settings: deps.settings });
    const present = await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
      const before = await deps.schedules.readSchedule(id, { signal });
      const actor = describeCaller(caller);
      const next = createSchedule(config, file, {
        tenant: id.tenant,
        actor,
        readsBuckets,
        present: before,
        now: deps.clock.now(),
      });
      await deps.schedules.writeSchedule(next, { signal });
      return { before, next };
    });
    await record(deps, request, present.next, {
      action: 'catalogue.schedule',
      before: present.before,
      after: present.next,
    });
    return await reply.send(await findSchedule(id, deps));
  },
});

const deleteEndpoint = (deps: CatalogueDeps): Endpoint => ({
  // A key for all tenants cannot have `enqueue`, and an operator must be able to end a schedule.
  needs: 'enqueue or operate',
  doc: deleteScheduleDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    const id = { tenant, catalogue: readName(request) };
    const response = await findSchedule(id, deps);
    const present = await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
      const schedule = await deps.schedules.readSchedule(id, { signal });
      await deps.schedules.removeSchedule(id, { signal });
      return schedule;
    });
    await record(deps, request, id, { action: 'catalogue.unschedule', before: present, after: undefined });
    return await reply.send(response);
  },
});

async function findSchedule(id: ScheduleId, deps: CatalogueDeps): Promise<CatalogueScheduleResponse> {
  const found = await withStoreDeadline(STORE_DEADLINE_MS.image, (signal) =>
    describeSchedule(id, deps, deps.clock.now(), signal),
  );
  if (found) return found;
  throw notScheduled(id);
}

const notScheduled = ({ tenant, catalogue }: ScheduleId) =>
  new ProblemError(
    'catalogue_schedule_not_found',
    `The catalogue ${catalogue} of tenant ${tenant} has no schedule.`,
  );

const record = (
  { auditor }: CatalogueDeps,
  request: FastifyRequest,
  { tenant, catalogue }: ScheduleId,
  {
    action,
    before,
    after,
  }: {
    action: 'catalogue.schedule' | 'catalogue.unschedule';
    before: Schedule | undefined;
    after: Schedule | undefined;
  },
) =>
  auditor.record(request, {
    action,
    target: { kind: 'catalogue', id: catalogue },
    tenant,
    before: describeTimes(before),
    after: describeTimes(after),
  });

const describeTimes = (schedule: Schedule | undefined) => ({
  cron: schedule?.cron ?? null,
  time_zone: schedule?.timeZone ?? null,
});
