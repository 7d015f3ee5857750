import { createPauseSchema, MODELS, type PauseResponse } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../access/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { type ChangePausesDeps, createPause, endPause, listPauses } from '../pauses/index.ts';
import { checkRequest, ProblemError } from '../problems/index.ts';
import { emptyState, html, type Markup, table } from './design/index.ts';
import { type PageHandler, withErrorPage } from './error-page.ts';
import { MAX_FORM_BYTES, readForm } from './form.ts';
import { formatTime } from './formats.ts';
import { sendPage } from './layout.ts';

const PATH = '/pauses';
/** How long a pause lasts, in minutes. */
const DURATIONS = { '30': '30 minutes', '120': '2 hours', '480': '8 hours', '1440': 'a day' };

/** `/pauses`: what is paused, with forms that pause and resume. Operators of one tenant see the pauses of this tenant. */
export function registerPausesPage(app: FastifyInstance, deps: ChangePausesDeps): void {
  const post = (run: PageHandler): Endpoint => ({
    needs: 'operate',
    bodyLimit: MAX_FORM_BYTES,
    run: withErrorPage(run),
  });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, PATH, {
      GET: {
        needs: 'read or operate',
        run: withErrorPage((request, reply) => sendPauses(deps, request, reply)),
      },
      POST: post(async (request, reply) => {
        const { minutes, ...fields } = Object.fromEntries(readForm(request));
        const until = minutes && new Date(deps.clock.now() + Number(minutes) * 60_000).toISOString();
        await createPause(
          deps,
          request,
          checkRequest({ ...fields, ...(until ? { until } : {}) }, createPauseSchema),
        );
        return await reply.redirect(PATH, 303);
      }),
    });
    registerEndpoints(scope, `${PATH}/:name/resume`, {
      POST: post(async (request, reply) => {
        const { name } = request.params as { name: string };
        await endPause(deps, request, name).catch((error: unknown) => {
          // A second click, or another operator, finds that it has ended.
          if (!(error instanceof ProblemError) || error.code !== 'pause_not_found') throw error;
        });
        return await reply.redirect(readForm(request).get('from') === 'overview' ? '/overview' : PATH, 303);
      }),
    });
  });
}

async function sendPauses(deps: ChangePausesDeps, request: FastifyRequest, reply: FastifyReply) {
  const pauses = await listPauses(deps, request);
  const mayChange = request.caller !== undefined && hasRole(request.caller, 'operate');
  return await sendPage(reply, 200, {
    title: 'Pauses',
    section: PATH,
    body: html`<h1>Pauses</h1>
${pauses.length > 0 ? listTable(pauses, mayChange) : emptyState('Nothing is paused.')}
<p class="soft">A render is submitted when the last pause that holds it back has ended. Renders that are at the provider go on. No worker
ends a pause before its end.</p>
${mayChange && createForm()}`,
  });
}

const listTable = (pauses: readonly PauseResponse[], mayChange: boolean): Markup =>
  table(
    ['Pause', 'What', 'Reason', 'Owner', 'Since', 'Ends', ''],
    pauses.map((pause) => [
      html`<code>${pause.name}</code>`,
      describeScope(pause),
      pause.reason ?? 'not known: it was paused without Darkroom',
      pause.owner ?? 'not known',
      pause.since === null ? 'not known' : formatTime(Date.parse(pause.since)),
      pause.until === null ? 'when an operator ends it' : formatTime(Date.parse(pause.until)),
      mayChange && createResumeForm(pause.name),
    ]),
  );

function describeScope({ scope }: PauseResponse): string {
  const parts = Object.entries(scope).flatMap(([field, value]) =>
    value === null ? [] : [`${field} ${value}`],
  );
  return parts.length > 0 ? parts.join(', ') : 'all renders';
}

/** @param from the page that is shown afterwards. @default the page of all pauses */
export const createResumeForm = (name: string, from?: 'overview'): Markup =>
  html`<form method="post" action="${PATH}/${name}/resume">${from && html`<input type="hidden" name="from" value="${from}">`}<button>Resume</button></form>`;

const createForm = (): Markup => html`<h2>Pause submissions</h2>
<p class="soft">Without tenant, run and model, all renders are paused. With several of them, only renders that match all.</p>
<form method="post" action="${PATH}" class="filters card">
<label>Tenant<input name="tenant" maxlength="63" placeholder="all"></label>
<label>Run<input name="run" maxlength="64" placeholder="all"></label>
<label>Model<select name="model"><option value="">all</option>${MODELS.map((model) => html`<option>${model}</option>`)}</select></label>
<label>Reason<input name="reason" required maxlength="200"></label>
<label>Owner<input name="owner" maxlength="100" placeholder="you"></label>
<label>Ends<select name="minutes"><option value="">when an operator ends it</option>${Object.entries(
  DURATIONS,
).map(([minutes, text]) => html`<option value="${minutes}">after ${text}</option>`)}</select></label>
<button>Pause</button>
</form>`;
