import type { StatementRequest } from '@darkroom/api';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { html, type Markup } from './design/index.ts';

/** Failures after which the outcome of the present purchase is not known. */
const OPEN_FAILURES: readonly string[] = ['submission_unknown', 'task_lost', 'task_timeout'];

/** Whether an operator can state what became of the present purchase. */
export const needsStatement = ({ step, error }: RenderSnapshot): boolean =>
  step === 'hold' || (error !== undefined && OPEN_FAILURES.includes(error.code));

const CHOICES: Record<StatementRequest['purchase'], string> = {
  bought: 'It was bought. The id of its task is:',
  not_bought: 'It was not bought. Buy it now.',
  buy_again: 'Buy it again. A second charge is accepted.',
};

/** The form in which an operator states it. */
export const createStatementForm = ({ renderId }: RenderSnapshot): Markup => html`
<h2>Was it bought?</h2>
<p>Darkroom does not know whether the provider charged the present purchase. Look in the provider's account for the render id
(<code>client_business_id</code>) <code>${renderId}</code>, and state what you found. The ledger records it with your name.</p>
<form method="post" action="/renders/${renderId}/statement" class="card">
${Object.entries(CHOICES).map(
  ([purchase, text]) =>
    html`<p><label><input type="radio" name="purchase" value="${purchase}" required> ${text}</label>${
      purchase === 'bought' &&
      html` <input name="task_id" aria-label="Task id" placeholder="task_…" maxlength="200">`
    }</p>\n`,
)}
<p><label>Note (optional) <input name="note" maxlength="300" size="40"></label></p>
<p><button>Record the statement</button></p>
</form>`;
