import { createHash } from 'node:crypto';

/** Markup that is already escaped. */
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
 * A template that escapes its values, for elements and for quoted attributes. {@link Markup} values, alone or in arrays,
 * are inserted unchanged. `undefined`, `null` and `false` are left out.
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

/** Markup from text of the program itself. Never for a text that has a value of a caller or of a source. */
export const trustMarkup = (text: string): Markup => new Markup(text);

/** A style sheet, and the source for a content security policy that allows only this one. */
export function createStyleSheet(css: string) {
  const hash = createHash('sha256').update(css).digest('base64');
  return { element: new Markup(`<style>${css}</style>`), source: `'sha256-${hash}'` };
}
