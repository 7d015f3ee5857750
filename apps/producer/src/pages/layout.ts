import type { FastifyReply } from 'fastify';
import { type Caller, hasRole } from '../access/index.ts';
import { createStyleSheet, html, type Markup } from './html.ts';

const STYLE = createStyleSheet(`
:root { color-scheme: light dark; --line: light-dark(#e4e2de, #383633); --soft: light-dark(#6b6862, #a19c94);
  --card: light-dark(#faf9f7, #1e1d1c); --good: light-dark(#1a7f4b, #5ccf92); --bad: light-dark(#b3261e, #ff8a80);
  --busy: light-dark(#8a5a00, #ffc266); --bar: light-dark(#4b7fb5, #7fb0e0); background: light-dark(#fff, #151413); }
/* Ids must be shown letter by letter. */
* { box-sizing: border-box; font-variant-ligatures: none; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1.25rem 1.25rem 4rem; }
a { color: inherit; text-underline-offset: .2em; }
header { display: flex; gap: 1rem; align-items: baseline; padding-bottom: 1rem; }
header a { color: var(--soft); text-decoration: none; }
header a:first-child { font-weight: 700; color: inherit; margin-right: auto; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 2rem 0 .6rem; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
.soft, dt, time { color: var(--soft); }
.badge { display: inline-block; padding: .05rem .6rem; border: 1px solid; border-radius: 1rem; font-size: .875rem; font-weight: 600; }
.completed, .delivered { color: var(--good); } .failed { color: var(--bad); }
.queued, .rendering, .storing, .pending { color: var(--busy); } .canceled { color: var(--soft); }
dl { display: grid; grid-template-columns: fit-content(11rem) minmax(0, 1fr); gap: .25rem 1.25rem; margin: 0; }
dt { overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
.image { display: block; max-width: 100%; width: auto; height: auto; max-height: 44rem; background: var(--card); border-radius: .5rem; border: 1px solid var(--line); }
.columns { display: grid; gap: 1.5rem; margin-top: 1.25rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) { .columns.two { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 2rem; } }
.columns h2 { margin-top: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; }
.error { border-color: var(--bad); }
ol, ul { list-style: none; margin: 0; padding: 0; }
li { padding: .55rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
li:first-child { border-top: 0; }
.timeline { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 1rem; }
.step { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; }
.step > :first-child { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { grid-column: 2; display: block; width: 100%; height: .5rem; margin-top: .2rem; border-radius: .15rem; background: var(--card); }
.bar rect { fill: var(--bar); }
@media (max-width: 40rem) {
  .timeline { grid-template-columns: minmax(0, 1fr); } .bar { grid-column: 1; } .step > :first-child { text-align: left; }
}
progress { width: 100%; height: .6rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th { text-align: left; font-weight: 600; } td, th { padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child th { border-top: 0; } .number { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; font-variant-ligatures: none; overflow-wrap: anywhere; }
/* The default underline hides underscores. */
a:has(> code) { text-underline-offset: .4em; } td a code { overflow-wrap: normal; }
li code { white-space: pre-wrap; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; overflow-x: auto; white-space: pre-wrap; }
`);

/** No scripts, no frames. Forms and images of this API only, and only the style sheet above. */
const POLICY = [
  "default-src 'none'",
  `style-src ${STYLE.source}`,
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

interface Page {
  title: string;
  body: Markup;
  /** Seconds until the browser reloads the page. */
  refresh?: number;
}

/** Whether the links for operators are shown. A browser that sent no key may send one when the linked page asks for it. */
export const mayOperate = (caller: Caller | undefined) => !caller || hasRole(caller, 'operator');

/** Sends a page for people. */
export function sendPage(reply: FastifyReply, status: number, { title, body, refresh }: Page) {
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${
  refresh &&
  html`<meta http-equiv="refresh" content="${refresh}">
`
}<title>${title} · Darkroom</title>
<link rel="icon" href="/favicon.ico">
${STYLE.element}
<header><a href="/">Darkroom</a> <a href="/reference">API</a>${mayOperate(reply.request.caller) && html` <a href="/queues">Dashboard</a>`}</header>
<main>
${body}
</main>
</html>
`;
  return reply
    .code(status)
    .header('content-security-policy', POLICY)
    .type('text/html; charset=utf-8')
    .send(page.text);
}
