import type { CatalogueSummary } from '../../catalogues/index.ts';
import { card, html, type Markup } from '../design/index.ts';
import { formatTime } from '../formats.ts';

/** The page of a catalogue. With several tenants, the path has both names. */
export const pathOfCatalogue = (
  { tenant, name }: Pick<CatalogueSummary, 'tenant' | 'name'>,
  allTenants: boolean,
): string => `/catalogues/${encodeURIComponent(allTenants ? `${tenant}:${name}` : name)}`;

export const pathOfReport = (
  { tenant, name }: Pick<CatalogueSummary, 'tenant' | 'name'>,
  run: string,
): string => `/v1/catalogues/${encodeURIComponent(`${tenant}:${name}`)}/runs/${run}/report.html`;

/** The open alarms of a catalogue, as warnings. */
export const createAlarms = (catalogue: CatalogueSummary, allTenants: boolean): Markup[] =>
  (catalogue.schedule?.alarms ?? []).map(({ date, message, raised_at: raisedAt }) =>
    card(
      html`<p><strong>The night of ${date} of <a href="${pathOfCatalogue(catalogue, allTenants)}">${catalogue.name}</a></strong></p><p>${message} <span class="soft">${formatTime(Date.parse(raisedAt))}</span></p>`,
      'warning',
    ),
  );

/** When its next night begins. */
export function describeNextNight({ schedule }: CatalogueSummary): Markup | string {
  if (!schedule) return 'no schedule';
  const { next_night: next, time_zone: zone } = schedule;
  return next ? html`${formatTime(Date.parse(next.due_at))} <span class="soft">${zone}</span>` : 'none';
}
