import type { RenderStatus } from '@darkroom/api';
import { html, type Markup } from './html.ts';

/** The shape of each state, in a square of 16. */
const SHAPES: Record<RenderStatus, Markup> = {
  queued: html`<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/>`,
  rendering: html`<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/>`,
  storing: html`<path d="M8 2v8M4 7l4 4 4-4M2 14h12" fill="none" stroke="currentColor" stroke-width="2"/>`,
  completed: html`<path d="M2 9l4 4 8-10" fill="none" stroke="currentColor" stroke-width="2.5"/>`,
  failed: html`<path d="M3 3l10 10M13 3L3 13" fill="none" stroke="currentColor" stroke-width="2.5"/>`,
  canceled: html`<path d="M2 8h12" fill="none" stroke="currentColor" stroke-width="2.5"/>`,
};

/** The state of a render: a color, a shape and a word. @param text the word, for what is in a similar state */
export const stateBadge = (status: RenderStatus, text: string = status): Markup =>
  html`<span class="badge ${status}"><svg viewBox="0 0 16 16" aria-hidden="true">${SHAPES[status]}</svg>${text}</span>`;
