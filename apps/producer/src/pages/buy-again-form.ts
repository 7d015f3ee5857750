import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { formatPrice } from './dead-letters/index.ts';
import { html, type Markup } from './design/index.ts';

/**
 * The form in which an operator buys the image of a render again. It sends the price that it shows, so nothing is bought
 * at a higher one.
 *
 * @param price null: unknown
 */
export const createBuyAgainForm = (
  { renderId, status }: RenderSnapshot,
  price: string | null,
): Markup => html`
<h2>Buy it again</h2>
<p>A copy is a new render with the same request. It costs ${formatPrice(price)}. ${
  status === 'completed'
    ? 'This image, its cost and its records stay as they are.'
    : 'This render stays canceled.'
} A render has one copy, so a second click buys nothing.</p>
<form method="post" action="/renders/${renderId}/buy-again" class="card">
${price !== null && html`<input type="hidden" name="max_spend" value="${price}">`}
<p><label>Reason <input name="reason" required maxlength="300" size="40"></label></p>
<p><label><input type="checkbox" name="accept_duplicate_charge" value="true" required> A second charge is accepted</label></p>
<p><button>Buy it again</button></p>
</form>`;
