import { type DeadLetterDetailResponse, FAILURES } from '@darkroom/api';
import { html, type Markup, table } from '../design/index.ts';
import { formatTime, markCode, shorten } from '../formats.ts';
import { describeRedrive } from './amounts.ts';
import { listPath } from './query.ts';

/** One dead letter. */
export const createDetailView = (letter: DeadLetterDetailResponse, mayChange: boolean): Markup => html`
<h1>${shorten(letter.prompt, 120)}</h1>
<p><a href="/dead-letters">Dead letters</a> · <a href="/renders/${letter.id}">its render</a> · <code>${letter.id}</code></p>
<div class="card error">
<p><strong class="failed">${FAILURES[letter.code].title}</strong> <span class="soft">at ${letter.step}</span></p>
<p>${letter.message}</p>
${letter.causes.length > 0 && html`<ol>${letter.causes.map((cause) => html`<li><code>${cause}</code></li>`)}</ol>`}
<p>${markCode(FAILURES[letter.code].meaning)}</p>
<p class="soft"><a href="${listPath({ reason: letter.reason })}">All with this reason</a> · <a href="/problems/${letter.code}"><code>${letter.code}</code></a></p>
</div>
<h2>A redrive</h2>
<p>${markCode(letter.advice)} This one ${describeRedrive(letter.redrive)}.</p>
${
  mayChange &&
  html`<div class="row"><form method="post" action="/redrive-plans"><input type="hidden" name="id" value="${letter.id}"><button class="primary">Plan a redrive</button></form>
<form method="post" action="/dead-letters/discard" class="row"><input type="hidden" name="id" value="${letter.id}"><label>Note <input name="note" required maxlength="300"></label><button>Discard</button></form></div>`
}
<h2>Facts</h2>
<dl>
<dt>Failed<dd>${formatTime(Date.parse(letter.failed_at))}
<dt>Created<dd>${formatTime(Date.parse(letter.created_at))}
<dt>Tenant<dd><a href="${listPath({ tenant: letter.tenant })}">${letter.tenant}</a>
${letter.run && html`<dt>Run<dd><a href="${listPath({ run: letter.run })}">${letter.run}</a>`}
<dt>Model<dd>${letter.model}, ${letter.resolution}
<dt>Purchases<dd>${letter.attempts}${letter.task_ids.length > 0 && `: ${letter.task_ids.join(', ')}`}
<dt>Money<dd>$${letter.cost.spent} spent, $${letter.cost.refunded} refunded, $${letter.cost.possibly_spent} possibly spent${letter.url_expires_at && html`<dt>Paid image until<dd>${formatTime(Date.parse(letter.url_expires_at))}`}${Object.entries(letter.metadata).map(([name, value]) => html`<dt>${name}<dd>${String(value)}`)}
</dl>
${
  letter.earlier_failures.length > 0 &&
  html`<h2>Earlier failures</h2>${table(
    ['Failed', 'Reason', 'Redriven'],
    letter.earlier_failures.map(({ code, message, step, failed_at: failedAt, redriven_at: redrivenAt }) => [
      formatTime(Date.parse(failedAt)),
      html`<code>${code}</code> at ${step}: ${message}`,
      redrivenAt && formatTime(Date.parse(redrivenAt)),
    ]),
  )}`
}`;
