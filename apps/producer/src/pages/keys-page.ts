import type { KeyResponse, NewKeyResponse } from '@darkroom/api';
import { KEY_ROLES } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../access/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { type ChangeKeysDeps, createKey, keyResponse, revokeKey } from '../keys/index.ts';
import { html, type Markup, table } from './design/index.ts';
import { type PageHandler, withErrorPage } from './error-page.ts';
import { MAX_FORM_BYTES, readForm } from './form.ts';
import { formatTime } from './formats.ts';
import { sendPage } from './layout.ts';

/** `/keys`: the API keys. Operators make and revoke them here. */
export function registerKeysPage(app: FastifyInstance, deps: ChangeKeysDeps): void {
  const post = (run: PageHandler): Endpoint => ({
    needs: 'operator',
    bodyLimit: MAX_FORM_BYTES,
    run: withErrorPage(run),
  });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/keys', {
      GET: {
        needs: 'overseer',
        run: withErrorPage((request, reply) => sendKeys(deps, request, reply)),
      },
      POST: post(async (request, reply) => {
        const form = readForm(request);
        const { tenant, name } = Object.fromEntries(form);
        const key = await createKey(deps, request, {
          tenant,
          roles: form.getAll('role'),
          ...(name ? { name } : {}),
        });
        return await sendKeys(deps, request, reply, key);
      }),
    });
    registerEndpoints(scope, '/keys/:id/revoke', {
      POST: post(async (request, reply) => {
        const { reason } = Object.fromEntries(readForm(request));
        await revokeKey(deps, request, reason ? { reason } : {});
        return await reply.redirect('/keys', 303);
      }),
    });
  });
}

async function sendKeys(
  { ring }: ChangeKeysDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  made?: NewKeyResponse,
) {
  const keys = (await ring.list()).map(keyResponse);
  const mayChange = request.caller !== undefined && hasRole(request.caller, 'operator');
  return await sendPage(reply, made ? 201 : 200, {
    title: 'API keys',
    section: '/keys',
    body: createKeysView(keys, { mayChange, made }),
  });
}

const createKeysView = (
  keys: readonly KeyResponse[],
  { mayChange, made }: { mayChange: boolean; made: NewKeyResponse | undefined },
): Markup => html`
<h1>API keys</h1>
${
  made &&
  html`<div class="card warning"><p><strong>The new key of tenant ${made.tenant}. It is shown only once:</strong></p>
<pre>${made.key}</pre><p><a href="/keys">Done</a></p></div>`
}
${table(
  ['Key', 'Tenant', 'Roles', 'From', 'Name', 'Made', ''],
  keys.map((key) => [
    html`<code>${key.id}</code>`,
    key.tenant,
    key.roles.join(', '),
    key.source === 'setting' ? 'setting' : 'store',
    key.name ?? '',
    key.created_at &&
      html`${formatTime(Date.parse(key.created_at))} <span class="soft">by ${key.created_by}</span>`,
    describeState(key, mayChange),
  ]),
)}
<p class="soft">Keys from the setting <code>API_KEYS</code> cannot be revoked while the producers run: remove the entry and restart
them.</p>
${mayChange && createKeyForm()}`;

function describeState({ id, revoked, source }: KeyResponse, mayChange: boolean): Markup | string {
  if (revoked) {
    return html`revoked ${formatTime(Date.parse(revoked.at))} by ${revoked.actor}${revoked.reason && `: ${revoked.reason}`}`;
  }
  if (source === 'setting' || !mayChange) return 'works';
  return html`<form method="post" action="/keys/${id}/revoke" class="row"><input name="reason" aria-label="Reason" placeholder="reason" maxlength="200" size="12"><button>Revoke</button></form>`;
}

const createKeyForm = (): Markup => html`<h2>New key</h2>
<form method="post" action="/keys" class="filters card">
<label>Tenant (* for all)<input name="tenant" required maxlength="63"></label>
<label>Name (optional)<input name="name" maxlength="100"></label>
<span class="row">${KEY_ROLES.map(
  (role) => html`<label><input type="checkbox" name="role" value="${role}"> ${role}</label>\n`,
)}</span>
<button>Make the key</button>
</form>`;
