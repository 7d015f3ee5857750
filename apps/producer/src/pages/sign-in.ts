import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Caller,
  type CountWrongKey,
  describeCaller,
  hasSessionCookie,
  type KeyRing,
  type Sessions,
  SIGN_IN_PATH,
} from '../access/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { toProblem } from '../problems/index.ts';
import { html, type Markup } from './design/index.ts';
import { sendErrorPage } from './error-page.ts';
import { MAX_FORM_BYTES, readForm } from './form.ts';
import { SIGN_OUT_PATH, sendPage } from './layout.ts';

export interface SignInDeps {
  ring: KeyRing;
  sessions: Sessions;
  countWrongKey: CountWrongKey;
  /** The API has no keys. */
  keyless: boolean;
}

/** `/sign-in`: a person enters a key, which begins a session of this browser. `/sign-out` ends it. */
export function registerSignIn(app: FastifyInstance, deps: SignInDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, SIGN_IN_PATH, {
      GET: { needs: 'anyone', run: (request, reply) => sendSignIn(deps, request, reply) },
      POST: {
        needs: 'anyone',
        bodyLimit: MAX_FORM_BYTES,
        run: (request, reply) => signIn(deps, request, reply),
      },
    });
    registerEndpoints(scope, SIGN_OUT_PATH, {
      GET: { needs: 'anyone', run: sendSignOut },
      POST: {
        needs: 'anyone',
        bodyLimit: MAX_FORM_BYTES,
        run: (request, reply) => signOut(deps, request, reply),
      },
    });
  });
}

async function sendSignIn({ keyless }: SignInDeps, request: FastifyRequest, reply: FastifyReply) {
  const { next } = request.query as { next?: unknown };
  const target = toOwnPath(request, next);
  if (keyless || request.caller) return await reply.redirect(target, 303);
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') {
    // A link on another site opened the page, so the browser kept back the cookie. It sends the cookie when this page
    // opens the next one.
    const again = `${SIGN_IN_PATH}?next=${encodeURIComponent(target)}`;
    return await sendPage(reply, 200, {
      title: 'Sign in',
      body: html`<h1>Sign in</h1><p><a href="${again}">Continue</a></p>`,
      next: again,
    });
  }
  const ended = hasSessionCookie(request)
    ? 'The session of this browser has ended: it was signed out, or its key was revoked.'
    : undefined;
  return await sendPage(reply, 200, { title: 'Sign in', body: signInForm(target, ended) });
}

async function signIn(
  { ring, sessions, countWrongKey, keyless }: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const form = readForm(request);
  const target = toOwnPath(request, form.get('next'));
  if (keyless) return await reply.redirect(target, 303);
  try {
    const key = await ring.find(form.get('key') ?? '');
    if (!key) {
      await countWrongKey(request);
      return await sendPage(reply, 401, {
        title: 'Sign in',
        body: signInForm(target, 'This key is unknown, or it was revoked.'),
      });
    }
    await sessions.begin(request, reply, key);
    const actor = describeCaller({ tenant: key.tenant, roles: key.roles, key });
    request.log.info({ actor }, 'signed in');
    return await reply.redirect(target, 303);
  } catch (error) {
    const problem = toProblem(error);
    if (problem.code !== 'too_many_wrong_keys') return await sendErrorPage(request, reply, error);
    reply.header('retry-after', String(problem.retryAfter));
    const text = `Too many wrong keys. A right key works at once; try a wrong one again in ${problem.retryAfter} s.`;
    return await sendPage(reply, problem.status, { title: 'Sign in', body: signInForm(target, text) });
  }
}

async function sendSignOut(request: FastifyRequest, reply: FastifyReply) {
  const { caller } = request;
  if (!caller?.session) return await reply.redirect('/', 303);
  return await sendPage(reply, 200, { title: 'Sign out', body: signOutForm(caller) });
}

async function signOut({ sessions }: SignInDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const session = request.caller?.session;
    if (session) await sessions.end(request, reply, session);
    return await reply.redirect(SIGN_IN_PATH, 303);
  } catch (error) {
    return await sendErrorPage(request, reply, error);
  }
}

/** A path of this API: the page after the sign-in must not be one of another site. */
function toOwnPath(request: FastifyRequest, next: unknown): string {
  const base = `${request.protocol}://${request.host}`;
  if (typeof next !== 'string' || !next.startsWith('/') || !URL.canParse(next, base)) return '/';
  const { origin, pathname, search } = new URL(next, base);
  const isOwn = URL.canParse(base) && origin === new URL(base).origin && !pathname.startsWith('//');
  return isOwn && pathname !== SIGN_IN_PATH ? pathname + search : '/';
}

const signInForm = (target: string, error?: string): Markup => html`
<h1>Sign in</h1>
<form method="post" action="${SIGN_IN_PATH}" class="card stack narrow">
${error && html`<p class="failed" role="alert">${error}</p>`}
<label class="stack">API key<input type="password" name="key" required autofocus autocomplete="current-password" maxlength="200"></label>
<input type="hidden" name="next" value="${target}">
<p><button class="primary">Sign in</button></p>
<p class="soft">The roles of the key decide what you can see and do. <code>darkroom keys new</code> makes a key.
This browser keeps no key, only a session, which ends after 12 hours.</p>
</form>`;

const signOutForm = (caller: Caller): Markup => html`
<h1>Sign out</h1>
<form method="post" action="${SIGN_OUT_PATH}" class="card stack narrow">
<p>This browser is signed in with ${describeCaller(caller)} (${caller.roles.join(', ')}).</p>
<p><button class="primary">Sign out</button></p>
</form>`;
