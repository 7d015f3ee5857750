import { tenantShareName } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../../access/index.ts';
import { type Endpoint, registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes } from '../../http/index.ts';
import { type LimitDeps, listLimits, setLimit, unsetLimit } from '../../limits/index.ts';
import { invalidRequest } from '../../problems/index.ts';
import { listWorkers, setDrain, type WorkerDeps } from '../../workers/index.ts';
import { html } from '../design/index.ts';
import { sendErrorPage } from '../error-page.ts';
import { MAX_FORM_BYTES, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createLimitsView } from './limits-view.ts';
import { createWorkersView } from './workers-view.ts';

export type WorkersPageDeps = LimitDeps & WorkerDeps;

const PATH = '/workers';
/** After a change the page opens again, so that it shows that the workers have applied it. */
const CHANGED_PATH = `${PATH}?changed=1`;
const APPLIED_S = 3;

type Run = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** `/workers`: the worker processes, and the limits that operators change while they run. */
export function registerWorkersPage(app: FastifyInstance, deps: WorkersPageDeps): void {
  const page = (needs: Endpoint['needs'], run: Run): Endpoint => ({
    needs,
    bodyLimit: MAX_FORM_BYTES,
    run: async (request, reply) => {
      try {
        return await run(request, reply);
      } catch (error) {
        return await sendErrorPage(request, reply, error);
      }
    },
  });
  const change = (run: (request: FastifyRequest) => Promise<unknown>) => ({
    POST: page('operator', async (request, reply) => {
      await run(request);
      return await reply.redirect(CHANGED_PATH, 303);
    }),
  });
  const nameOf = (request: FastifyRequest) => (request.params as { name: string }).name;
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, PATH, {
      GET: page('overseer', (request, reply) => sendWorkers(deps, request, reply)),
    });
    registerEndpoints(
      scope,
      `${PATH}/limits`,
      change((request) => {
        const { limit = '', tenant = '', value, reason, minutes } = Object.fromEntries(readForm(request));
        return setLimit(deps, request, limit === 'tenant-share' ? nameShare(tenant) : limit, {
          value: value === undefined ? undefined : Number(value),
          reason,
          ...(minutes ? { until: new Date(deps.clock.now() + Number(minutes) * 60_000).toISOString() } : {}),
        });
      }),
    );
    registerEndpoints(
      scope,
      `${PATH}/limits/unset`,
      change((request) => unsetLimit(deps, request, readForm(request).get('limit') ?? '')),
    );
    registerEndpoints(
      scope,
      `${PATH}/:name/drain`,
      change((request) => setDrain(deps, request, nameOf(request), Object.fromEntries(readForm(request)))),
    );
    registerEndpoints(
      scope,
      `${PATH}/:name/undrain`,
      change((request) => setDrain(deps, request, nameOf(request), undefined)),
    );
  });
}

/** @throws {ProblemError} `invalid_request`. */
function nameShare(tenant: string): string {
  if (tenant !== '') return tenantShareName(tenant);
  throw invalidRequest([{ field: 'tenant', expected: 'the tenant whose share it is', received: 'nothing' }]);
}

async function sendWorkers(deps: WorkersPageDeps, request: FastifyRequest, reply: FastifyReply) {
  const [workers, limits] = await Promise.all([listWorkers(deps), listLimits(deps)]);
  const mayChange = request.caller !== undefined && hasRole(request.caller, 'operator');
  const hasChanged = new URL(request.url, 'http://localhost').searchParams.has('changed');
  return await sendPage(reply, 200, {
    title: 'Workers',
    section: PATH,
    ...(hasChanged ? { reload: { seconds: APPLIED_S, path: PATH } } : {}),
    body: html`<h1>Workers</h1>
${createWorkersView(workers, mayChange)}
<p class="soft">A drained worker takes no new jobs, and is safe to stop when its state is <b>drained</b>. A process that starts again has another name, and takes jobs.</p>
<h2>Limits</h2>
${createLimitsView(limits, mayChange)}
<p class="soft">All workers obey a changed limit within three seconds. No pause ends. Values outside the range are rejected.</p>`,
  });
}
