import { readFile } from 'node:fs/promises';

export const page = (file: string): Promise<string> =>
  readFile(new URL(`../../../../../${file}`, import.meta.url), 'utf8');

export interface Block {
  kind: string;
  text: string;
  /** The JSON block that follows with nothing between. */
  answer?: string;
}

/** The fenced blocks of a document, in their order. */
export function blocksOf(markdown: string): Block[] {
  const found = [...markdown.matchAll(/^```(\w+)\n([^]*?)^```$/gm)];
  return found.map(({ 1: kind = '', 2: text = '', 0: whole, index }, position) => {
    const next = found[position + 1];
    const between = next && markdown.slice(index + whole.length, next.index);
    const answer = next?.[1] === 'json' && between?.trim() === '' ? next[2] : undefined;
    return answer === undefined ? { kind, text } : { kind, text, answer };
  });
}

/**
 * Where an answer is not of the shape that a document shows: other fields, or other kinds of values. `…` stands for any
 * text, and as a field for any others. Several documents are one a line.
 */
export function faultOfShape(shown: string, answered: string): string[] {
  const documents = parsed(shown);
  const answers = parsed(answered);
  if (documents.length !== answers.length)
    return [`${answers.length} documents where ${documents.length} are shown`];
  return documents.flatMap((document, index) => compare(document, answers[index], `answer`));
}

function parsed(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return text
      .split('\n')
      .filter((line) => line.trim())
      .map((line) => JSON.parse(line));
  }
}

/** Words that mean the same in every answer. */
const SAID: readonly string[] = [
  'object',
  'status',
  'code',
  'type',
  'duplicate',
  'field',
  'index',
  'line',
  'title',
];

function compare(shown: unknown, real: unknown, where: string): string[] {
  if (typeof shown === 'string' && shown.includes('…'))
    return typeof real === 'string' ? [] : [`${where} is no text`];
  if (Array.isArray(shown)) {
    if (!Array.isArray(real) || real.length < shown.length) return [`${where} is no list of ${shown.length}`];
    return shown.flatMap((one, index) => compare(one, real[index], `${where}[${index}]`));
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof real !== 'object' || real === null) return [`${where} is ${JSON.stringify(real)}`];
    const known = Object.keys(shown).filter((key) => key !== '…');
    const more = Object.keys(real).filter((key) => !known.includes(key));
    const fields = known.flatMap((key) => {
      const value = (shown as Record<string, unknown>)[key];
      const received = (real as Record<string, unknown>)[key];
      if (received === undefined) return [`${where}.${key} is not there`];
      if (
        SAID.includes(key) &&
        typeof value === 'string' &&
        !value.includes('…') &&
        !value.startsWith('http')
      ) {
        return value === received ? [] : [`${where}.${key} is ${JSON.stringify(received)}`];
      }
      return compare(value, received, `${where}.${key}`);
    });
    return '…' in shown || more.length === 0 ? fields : [...fields, `${where} has ${more.join(', ')}, too`];
  }
  if (shown === null || real === null) return shown === real ? [] : [`${where} is ${JSON.stringify(real)}`];
  return typeof shown === typeof real ? [] : [`${where} is ${JSON.stringify(real)}`];
}
