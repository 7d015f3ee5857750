import { PLAN_ID, redriveRequestSchema } from '@darkroom/api';
import { keyOfId, planId, redriveId } from '@darkroom/shared/redrives';
import type { Scrub } from '@darkroom/shared/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../../access/index.ts';
import { scrubDeep } from '../../dashboard/index.ts';
import { operatorScope } from '../../dead-letters/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes, resolveBaseUrl } from '../../http/index.ts';
import { checkRequest } from '../../problems/index.ts';
import {
  controlRedrive,
  findPlan,
  findRedrive,
  listItems,
  listRedrives,
  planRedrive,
  planResponse,
  REDRIVE_CONTROL_ACTIONS,
  type RedriveControlAction,
  type RedriveDeps,
  readRedrive,
  redriveResponse,
  startRedrive,
} from '../../redrives/index.ts';
import { readSelection } from '../dead-letters/index.ts';
import { withErrorPage } from '../error-page.ts';
import { MAX_FORM_BYTES, MAX_SELECTION_BYTES, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createPlanView } from './plan-view.ts';
import { createRedriveList, createRedriveView, hasRedriveEnded } from './redrive-view.ts';

export type RedrivePageDeps = RedriveDeps & { scrub: Scrub };

type Run = (deps: RedrivePageDeps, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

const SECTION = '/dead-letters';
/** Seconds until the page of a redrive that has not ended reloads. */
const RELOAD_S = 2;
const PAGE_SIZE = 50;
const MAX_ITEMS = 200;

/** `/redrives` and `/redrive-plans`. Keys with the role `read` see them. */
export function registerRedrivePages(app: FastifyInstance, deps: RedrivePageDeps): void {
  const page = (run: Run) => withErrorPage((request, reply) => run(deps, request, reply));
  for (const [path, run] of [
    ['/redrives', sendRedrives],
    ['/redrives/:id', sendRedrive],
    ['/redrive-plans/:id', sendPlan],
  ] as const) {
    registerEndpoints(app, path, { GET: { needs: 'read or operate', run: page(run) } });
  }
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    const register = (path: string, run: Run, bodyLimit = MAX_FORM_BYTES) =>
      registerEndpoints(scope, path, { POST: { needs: 'operate', bodyLimit, run: page(run) } });
    register('/redrive-plans', makePlan, MAX_SELECTION_BYTES);
    register('/redrive-plans/:id/execute', executePlan);
    for (const action of REDRIVE_CONTROL_ACTIONS) register(`/redrives/:id/${action}`, control(action));
  });
}

const readId = (request: FastifyRequest) => (request.params as { id: string }).id;
const mayChange = ({ caller }: FastifyRequest) => caller !== undefined && hasRole(caller, 'operate');

/** Makes a plan for the selected dead letters, or for all that match the filters, and shows it. */
const makePlan: Run = async (deps, request, reply) => {
  const body = checkRequest({ ...readSelection(readForm(request)), dry_run: true }, redriveRequestSchema);
  const plan = await planRedrive(deps, request, body);
  return await reply.redirect(`/redrive-plans/${planId(plan.key)}`, 303);
};

const executePlan: Run = async (deps, request, reply) => {
  const { rate, max_jobs: maxJobs, max_spend, reason, unclear } = Object.fromEntries(readForm(request));
  const plan = readId(request);
  const body = checkRequest(
    {
      plan,
      rate: Number(rate),
      ...(maxJobs === undefined ? {} : { max_jobs: Number(maxJobs) }),
      ...(max_spend === undefined ? {} : { max_spend }),
      ...(reason === undefined ? {} : { reason }),
      ...(unclear === 'poll_again' || unclear === 'accept_duplicate_charge' ? { [unclear]: true } : {}),
    },
    redriveRequestSchema,
  );
  const { record } = await startRedrive(deps, request, { ...body, plan });
  return await reply.redirect(`/redrives/${redriveId(record.key)}`, 303);
};

const control =
  (action: RedriveControlAction): Run =>
  async (deps, request, reply) => {
    const { reason } = Object.fromEntries(readForm(request));
    const { record } = await controlRedrive(deps, request, { id: readId(request), action, reason });
    return await reply.redirect(`/redrives/${redriveId(record.key)}`, 303);
  };

const sendPlan: Run = async (deps, request, reply) => {
  const id = readId(request);
  const plan = await findPlan(deps, operatorScope(request), id);
  const redrive = PLAN_ID.test(id) ? await readRedrive(deps, keyOfId(id)) : undefined;
  return await sendPage(reply, 200, {
    title: 'Plan of a redrive',
    section: SECTION,
    body: createPlanView({
      plan: planResponse(plan),
      redrive: redrive && redriveId(redrive.record.key),
      mayChange: mayChange(request),
      now: deps.clock.now(),
    }),
  });
};

const sendRedrive: Run = async (deps, request, reply) => {
  const facts = await findRedrive(deps, operatorScope(request), readId(request));
  const redrive = redriveResponse(facts, resolveBaseUrl(request));
  const items = await listItems(deps.redrives, facts, {
    from: 0,
    limit: MAX_ITEMS,
    statuses: ['failed', 'skipped'],
  });
  const body = createRedriveView(
    scrubDeep(deps.scrub, {
      redrive,
      items: items.data,
      hasMore: items.next_cursor !== null && items.data.length === MAX_ITEMS,
      mayChange: mayChange(request),
    }) as Parameters<typeof createRedriveView>[0],
  );
  const reload = hasRedriveEnded(redrive) ? {} : { reload: { seconds: RELOAD_S } };
  return await sendPage(reply, 200, { title: 'Redrive', section: SECTION, body, ...reload });
};

const sendRedrives: Run = async (deps, request, reply) => {
  const { cursor } = request.query as { cursor?: unknown };
  const isCursor = typeof cursor === 'string' && /^\d{13}-[0-9a-f]{32}-[a-z0-9_=-]{1,63}$/.test(cursor);
  const { facts, next } = await listRedrives(deps, request, {
    limit: PAGE_SIZE,
    cursor: isCursor ? cursor : undefined,
  });
  const redrives = facts.map((one) => redriveResponse(one, resolveBaseUrl(request)));
  return await sendPage(reply, 200, {
    title: 'Redrives',
    section: SECTION,
    body: createRedriveList(scrubDeep(deps.scrub, redrives) as typeof redrives, next),
  });
};
