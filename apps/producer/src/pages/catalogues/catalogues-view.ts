import type { CatalogueSummary } from '../../catalogues/index.ts';
import { emptyState, html, type Markup, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';
import { createAlarms, describeNextNight, pathOfCatalogue, pathOfReport } from './parts.ts';

/** All catalogues: what is wrong with them, and a table. @param allTenants whether they are of several tenants */
export const createCataloguesView = (
  catalogues: readonly CatalogueSummary[],
  allTenants: boolean,
): Markup => html`
<h1>Catalogues</h1>
<p class="soft">A catalogue says which image each row of a list gets. Each of its runs ends with a report.</p>
<div class="stack">${catalogues.flatMap((one) => createAlarms(one, allTenants))}</div>
${
  catalogues.length > 0
    ? table(
        ['Catalogue', ...(allTenants ? ['Tenant'] : []), 'Delivered last', 'Runs now', 'Next night'],
        catalogues.map((one) => [
          html`<a href="${pathOfCatalogue(one, allTenants)}">${one.name}</a>`,
          ...(allTenants ? [one.tenant] : []),
          one.latest
            ? html`<a href="${pathOfReport(one, one.latest.run)}">${one.latest.run}</a>, ${one.latest.items} items, ${formatTime(Date.parse(one.latest.finished_at))}`
            : 'nothing yet',
          one.open_runs.length > 0 ? one.open_runs.join(', ') : 'nothing',
          describeNextNight(one),
        ]),
      )
    : emptyState(
        html`There is no catalogue yet. <code>darkroom catalogue init shoes</code> writes an example with ten products.`,
      )
}`;
