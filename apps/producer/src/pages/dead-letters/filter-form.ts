import { DEAD_LETTER_GROUPS, FAILURE_CODES, MODELS, STEPS } from '@darkroom/api';
import { filterForm, html, type Markup } from '../design/index.ts';
import { AGES } from './query.ts';

interface FormFacts {
  /** The path that shows the result. */
  action: string;
  fields: Record<string, string>;
  /** Whether the caller can choose a tenant. */
  allTenants: boolean;
  /** Whether the result is groups. */
  withGroups?: boolean;
}

/** The filters of dead letters. */
export function createFilterForm({ action, fields, allTenants, withGroups }: FormFacts): Markup {
  const input = (name: string, label: string) =>
    html`<label>${label}<input name="${name}" value="${fields[name]}" maxlength="200" size="14"></label>\n`;
  const select = (
    name: string,
    label: string,
    options: readonly (readonly [string, string])[],
    any = 'all',
  ) =>
    html`<label>${label}<select name="${name}">${any && html`<option value="">${any}</option>`}${options.map(
      ([value, text]) =>
        html`<option value="${value}"${fields[name] === value && html` selected`}>${text}</option>\n`,
    )}</select></label>\n`;
  const isSet = Object.keys(fields).length > 0;
  const same = (values: readonly string[]) => values.map((value) => [value, value] as const);
  const content = html`${withGroups && select('group_by', 'Group by', same(DEAD_LETTER_GROUPS), '')}${select('code', 'Code', same(FAILURE_CODES))}${select('step', 'Failed step', same(STEPS))}${select('model', 'Model', same(MODELS))}${select(
    'age',
    'Failed',
    Object.entries(AGES).map(([value, { name }]) => [value, name] as const),
    'at any time',
  )}${input('run', 'Run')}${allTenants && input('tenant', 'Tenant')}${input('text', 'Text')}${fields['reason'] && html`<input type="hidden" name="reason" value="${fields['reason']}">`}<button>Show</button>
${isSet && html`<a class="button" href="${action}">Clear</a>`}`;
  return filterForm({ action, isSet }, content);
}

/** For the forms that act on all that match. `all` is explicit: a form without a selection must not mean all. */
export const hiddenFields = (fields: Record<string, string>): Markup =>
  html`<input type="hidden" name="all" value="yes">${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;
