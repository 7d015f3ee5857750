import type { FastifyReply } from 'fastify';
import { type Caller, hasRole, type Needs, SIGN_IN_PATH } from '../access/index.ts';
import { createStyleSheet, html, type Markup, PAGE_STYLES } from './design/index.ts';
import { LIVE_SCRIPT_PATH, RELOAD_SCRIPT_PATH } from './scripts.ts';

const STYLE = createStyleSheet(PAGE_STYLES);

/** No frames. Forms and images of this API only, and only the style sheet above. */
const POLICY = [
  "default-src 'none'",
  `style-src ${STYLE.source}`,
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];
/** A page with a script runs only those of this API. A live page also reads events of this API. */
const SCRIPT_POLICY = [...POLICY, "script-src 'self'"];
const LIVE_POLICY = [...SCRIPT_POLICY, "connect-src 'self'"];

/** The pages in the head of each page, and what they need of their caller. */
const SECTIONS = [
  { path: '/overview', name: 'Overview', needs: 'overseer' },
  { path: '/renders', name: 'Renders', needs: 'read' },
  { path: '/dead-letters', name: 'Dead letters', needs: 'read or operate' },
  { path: '/runs', name: 'Runs', needs: 'read' },
  { path: '/catalogues', name: 'Catalogues', needs: 'read' },
  { path: '/pauses', name: 'Pauses', needs: 'read or operate' },
  { path: '/workers', name: 'Workers', needs: 'overseer' },
  { path: '/audit', name: 'Audit log', needs: 'operate' },
  { path: '/keys', name: 'Keys', needs: 'overseer' },
  { path: '/queues', name: 'Dashboard', needs: 'overseer' },
  { path: '/reference', name: 'API', needs: 'anyone' },
] as const;
export type Section = (typeof SECTIONS)[number]['path'];

export const SIGN_OUT_PATH = '/sign-out';

/** Whether a link is shown. A browser without a session can sign in when it opens the linked page. */
export const mayOpen = (caller: Caller | undefined, needs: Needs) => !caller || hasRole(caller, needs);

interface Page {
  title: string;
  body: Markup;
  /** The section that the page belongs to. */
  section?: Section;
  /** After how many seconds the page reloads, or opens `path`. It waits while a person fills in a form. */
  reload?: { seconds: number; path?: string };
  /** The page that opens at once, also without scripts. */
  next?: string;
  /** The path of an event stream that sends new bodies. */
  events?: string;
  /** The path of a script. */
  script?: string;
}

/** Sends a page for people. */
export function sendPage(reply: FastifyReply, status: number, page: Page) {
  const { title, body, reload, next, events, script } = page;
  const policy = events ? LIVE_POLICY : script || reload ? SCRIPT_POLICY : POLICY;
  const document = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${next !== undefined && html`<meta http-equiv="refresh" content="0;url=${next}">\n`}${
  reload &&
  html`<script src="${RELOAD_SCRIPT_PATH}" data-seconds="${reload.seconds}"${reload.path !== undefined && html` data-path="${reload.path}"`} defer></script>\n`
}<title>${title} · Darkroom</title>
<link rel="icon" href="/favicon.ico">
${STYLE.element}
${navigation(page.section, reply.request.caller)}
<main${events && html` data-events="${events}"`}>
${body}
</main>
${[...(events ? [LIVE_SCRIPT_PATH] : []), ...(script ? [script] : [])].map((path) => html`<script src="${path}" defer></script>\n`)}</html>
`;
  return reply
    .code(status)
    .header('content-security-policy', policy.join('; '))
    .type('text/html; charset=utf-8')
    .send(document.text);
}

const LOGO = html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#8f1d14"/><circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-width="3"/><circle cx="16" cy="16" r="2.5" fill="#fff"/></svg>`;

const navigation = (
  section: Section | undefined,
  caller: Caller | undefined,
) => html`<nav class="top"><a class="home" href="/">${LOGO}Darkroom</a>
${SECTIONS.filter(({ needs }) => mayOpen(caller, needs)).map(
  ({ path, name }) => html`<a href="${path}"${path === section && html` aria-current="page"`}>${name}</a>\n`,
)}${account(caller)}</nav>`;

/** In a deployment without keys, no person signs in. */
const account = (caller: Caller | undefined) => {
  if (!caller) return html`<a href="${SIGN_IN_PATH}">Sign in</a>`;
  return (
    caller.session &&
    html`<form method="post" action="${SIGN_OUT_PATH}"><button class="link" title="${caller.tenant === '*' ? 'all tenants' : caller.tenant}: ${caller.roles.join(', ')}">Sign out</button></form>`
  );
};
