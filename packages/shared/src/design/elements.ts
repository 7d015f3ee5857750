import { html, type Markup } from './html.ts';

/** A box. @param kind `problem` and `warning` have a colored edge */
export const card = (body: Markup, kind?: 'problem' | 'warning'): Markup =>
  html`<div class="card${kind ? ` ${kind}` : ''}">${body}</div>`;

/** A number with its name. With `href` it is a link to its details. */
export function stat(
  name: string,
  value: string | Markup,
  { note, href }: { note?: string; href?: string } = {},
): Markup {
  const content = html`<span>${name}</span><strong>${value}</strong>${note && html`<span>${note}</span>`}`;
  return href
    ? html`<a class="stat" href="${href}">${content}</a>`
    : html`<div class="stat">${content}</div>`;
}

/** What a list shows while it has no entries. */
export const emptyState = (text: string | Markup): Markup => html`<p class="empty">${text}</p>`;

/**
 * The form of the filters of a list. Where the window is narrow, it is closed until a reader opens it, or a filter is set.
 *
 * @param fields the inputs, and what follows them
 */
export const filterForm = ({ action, isSet }: { action: string; isSet: boolean }, fields: Markup): Markup =>
  html`<details class="card filter"${isSet && html` open`}><summary>Filters</summary><form class="filters" method="get" action="${action}">
${fields}
</form></details>`;

/** A table. Where the window is narrow, each row is a block whose values have their names. */
export const table = (heads: readonly string[], rows: readonly (readonly unknown[])[]): Markup =>
  html`<div class="wide rows"><table>
<tr>${heads.map((head) => html`<th>${head}`)}</tr>
${rows.map((cells) => html`<tr>${cells.map((cell, at) => html`<td${heads[at] && html` data-head="${heads[at]}"`}>${cell}`)}</tr>\n`)}
</table></div>`;
