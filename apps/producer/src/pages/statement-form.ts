import type { StatementRequest } from '@darkroom/api';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { formatPrice } from './dead-letters/index.ts';
import { html, type Markup } from './design/index.ts';

/** @param price of a purchase; null: unknown */
const describeChoices = (price: string | null): Record<StatementRequest['purchase'], string> => ({
  bought: 'It was bought, and is not paid a second time. The id of its task is:',
  not_bought: `It was not bought. Buy it now (${formatPrice(price)}).`,
  buy_again: `Buy it again (${formatPrice(price)}). A second charge is accepted.`,
});

/** The form in which an operator states it. */
export const createStatementForm = ({ renderId }: RenderSnapshot, price: string | null): Markup => html`
<h2>Was it bought?</h2>
<p>Darkroom does not know whether the provider charged the present purchase. Look in the provider's account for the render id
(<code>client_business_id</code>) <code>${renderId}</code>, and state what you found. The ledger records it with your name.</p>
<form method="post" action="/renders/${renderId}/statement" class="card">
${Object.entries(describeChoices(price)).map(
  ([purchase, text]) =>
    html`<p><label><input type="radio" name="purchase" value="${purchase}" required> ${text}</label>${
      purchase === 'bought' &&
      html` <input name="task_id" aria-label="Task id" placeholder="task_…" maxlength="200">`
    }</p>\n`,
)}
<p><label>Note (optional) <input name="note" maxlength="300" size="40"></label></p>
<p><button>Record the statement</button></p>
</form>`;
