import { html, type Markup } from './design/index.ts';

/** A time for people, in UTC. @param at Unix milliseconds */
export function formatTime(at: number): Markup {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** A text of at most `max` characters. */
export function shorten(text: string, max: number): string {
  const characters = [...text];
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : text;
}

/** Shows the parts of a text between backticks as code. */
export const markCode = (text: string): Markup[] =>
  text.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : html`${part}`));
