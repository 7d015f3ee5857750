import { html, type Markup, trustMarkup } from '@darkroom/shared/design';
import type { ReportState } from './pack-items.ts';

type ShapeName = ReportState | 'rejected' | 'approved' | 'search' | 'back' | 'next' | 'close' | 'image';

/** What people call a state. */
export const STATE_NAMES: Record<ReportState | 'all' | 'rejected' | 'approved', string> = {
  all: 'All',
  new: 'New',
  changed: 'Changed',
  unchanged: 'Unchanged',
  failed: 'Failed',
  not_bought: 'Not bought',
  quarantined: 'Quarantined',
  rejected: 'Rejected',
  approved: 'Approved',
};

const line =
  'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';

/** In a square of 16. Each state has a shape, because color alone does not reach everybody. */
const SHAPES: Record<ShapeName, string> = {
  new: '<path fill="currentColor" d="M8 0l1.9 6.1L16 8l-6.1 1.9L8 16l-1.9-6.1L0 8l6.1-1.9z"/>',
  changed: `<path ${line} d="M2 6h11l-3-3.5M14 10.5H3l3 3.5"/>`,
  unchanged: `<path ${line} d="M2 8.5l4 4 8-9"/>`,
  failed: `<path ${line} d="M3 3l10 10M13 3L3 13"/>`,
  not_bought: `<circle cx="8" cy="8" r="6.5" ${line}/><path ${line} d="M8 4.5V8l2.5 1.5"/>`,
  quarantined: `<path ${line} d="M8 1.8l6.6 12H1.4zM8 6.5v3M8 11.6v.2"/>`,
  rejected:
    '<path fill="currentColor" fill-rule="evenodd" d="M8 0a8 8 0 110 16A8 8 0 018 0zM5.5 4L4 5.500 6.500 8 4 10.500 5.500 12 8 9.500l2.500 2.500 1.500-1.500L9.500 8 12 5.500 10.500 4 8 6.500z"/>',
  approved:
    '<path fill="currentColor" fill-rule="evenodd" d="M8 0a8 8 0 110 16A8 8 0 018 0zm3.700 4.300L6.800 9.600 4.500 7.500 3.100 9l3.800 3.400 6.300-6.800z"/>',
  search: `<circle cx="7" cy="7" r="5" ${line}/><path ${line} d="M11 11l4 4"/>`,
  back: `<path ${line} d="M10.500 2.500L5 8l5.500 5.500"/>`,
  next: `<path ${line} d="M5.500 2.500L11 8l-5.500 5.500"/>`,
  close: `<path ${line} d="M3.500 3.500l9 9M12.500 3.500l-9 9"/>`,
  image: `<rect x="1" y="2" width="14" height="12" rx="2" ${line}/><path ${line} d="M2 12l4-4 3 3 2-2 3 3"/>`,
};

/** All shapes, once in the page. */
export const SPRITE: Markup = html`<svg class="hidden" aria-hidden="true">${Object.entries(SHAPES).map(
  ([name, body]) => html`<symbol id="i-${name}" viewBox="0 0 16 16">${trustMarkup(body)}</symbol>`,
)}</svg>`;

export const shape = (name: ShapeName): Markup =>
  html`<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><use href="#i-${name}"/></svg>`;
