import { createHash } from 'node:crypto';

/** Markup that may be sent as it is. */
class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type { Markup };

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A template whose values are text: markup in them is shown, not obeyed, in elements and in quoted attributes. Values
 * that are {@link Markup} themselves, alone or in arrays, stay what they are; `undefined`, `null` and `false` are
 * nothing.
 */
export function html(parts: TemplateStringsArray, ...values: unknown[]): Markup {
  return new Markup(parts.map((part, index) => part + toText(values[index])).join(''));
}

function toText(value: unknown): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(toText).join('');
  if (value === undefined || value === null || value === false) return '';
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A style sheet, and the word of a content security policy that lets it and no other in. */
export function createStyleSheet(css: string) {
  const hash = createHash('sha256').update(css).digest('base64');
  return { element: new Markup(`<style>${css}</style>`), source: `'sha256-${hash}'` };
}
