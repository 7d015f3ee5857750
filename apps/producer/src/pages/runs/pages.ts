import { planId } from '@darkroom/shared/redrives';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../../access/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes } from '../../http/index.ts';
import {
  closeRun,
  createRunResponse,
  findRun,
  listRuns,
  planRunRedrive,
  type RunEndpointDeps,
  readRunRef,
  seesAllRuns,
} from '../../runs/index.ts';
import { withErrorPage } from '../error-page.ts';
import { MAX_FORM_BYTES, readFilledFields, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createRunList, pathOfRun } from './list-view.ts';
import { createRunView } from './run-view.ts';

export type RunPageDeps = Pick<
  RunEndpointDeps,
  'store' | 'engine' | 'queues' | 'redrives' | 'auditor' | 'clock'
>;

const SECTION = '/runs';
const PAGE_SIZE = 50;
/** Seconds until the page of a run that has not finished reloads. */
const RELOAD_S = 5;

type Run = (deps: RunPageDeps, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** `/runs`: the runs of the caller's tenant, or of all tenants. */
export function registerRunPages(app: FastifyInstance, deps: RunPageDeps): void {
  const page = (run: Run) => withErrorPage((request, reply) => run(deps, request, reply));
  registerEndpoints(app, SECTION, { GET: { needs: 'read', run: page(sendRuns) } });
  registerEndpoints(app, `${SECTION}/:id`, { GET: { needs: 'read', run: page(sendRun) } });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    const post = (path: string, needs: 'enqueue or operate' | 'operate', run: Run) =>
      registerEndpoints(scope, `${SECTION}/:id/${path}`, {
        POST: { needs, bodyLimit: MAX_FORM_BYTES, run: page(run) },
      });
    post('seal', 'enqueue or operate', close('seal'));
    post('cancel', 'enqueue or operate', close('cancel'));
    post('redrive', 'operate', planRedrive);
  });
}

const readRef = (request: FastifyRequest) => readRunRef(request, readFilledFields(request.query)['tenant']);

const sendRuns: Run = async (deps, request, reply) => {
  const { cursor } = readFilledFields(request.query);
  const isCursor = cursor !== undefined && /^\d{13}(\.[A-Za-z0-9_=-]{1,64}){1,2}$/.test(cursor);
  const { data, next } = await listRuns(deps, request, {
    limit: PAGE_SIZE,
    cursor: isCursor ? cursor : undefined,
  });
  return await sendPage(reply, 200, {
    title: 'Runs',
    section: SECTION,
    body: createRunList({ runs: data, next, allTenants: seesAllRuns(request) }),
  });
};

const sendRun: Run = async (deps, request, reply) => {
  const run = await createRunResponse(deps, request, await findRun(deps, readRef(request)));
  const { caller } = request;
  return await sendPage(reply, 200, {
    title: run.name ?? `Run ${run.id}`,
    section: SECTION,
    body: createRunView({
      run,
      allTenants: seesAllRuns(request),
      mayClose: caller !== undefined && hasRole(caller, 'enqueue or operate'),
      mayRedrive: caller !== undefined && hasRole(caller, 'operate'),
    }),
    ...(run.status === 'finished' ? {} : { reload: { seconds: RELOAD_S } }),
  });
};

const close =
  (action: 'seal' | 'cancel'): Run =>
  async (deps, request, reply) => {
    const run = readRef(request);
    const { reason } = Object.fromEntries(readForm(request));
    await closeRun(deps, request, run, { action, reason });
    return await reply.redirect(pathOfRun(run, { allTenants: seesAllRuns(request) }), 303);
  };

const planRedrive: Run = async (deps, request, reply) => {
  const plan = await planRunRedrive(deps, request, readRef(request));
  return await reply.redirect(`/redrive-plans/${planId(plan.key)}`, 303);
};
