import { type TextFile, withoutExceptions } from './text-files.ts';
import { type Exception, NAME_PARTS, PHRASES, WORDS } from './vocabulary.ts';

const DIRECTIVE =
  /\b(?:c?spell|spell-?checker)\s*::?\s*(?:disable|enable|ignore|words?\b|local|language|dictionary|dictionaries|case|flag|include|forbid)/gi;

const PHRASE_PATTERNS = Object.entries(PHRASES).map(([phrase, replacement]) => ({
  pattern: new RegExp(
    `\\b${phrase.replaceAll(' … ', ' (?:[^\\s.;:]+ ){0,5}?').replaceAll(' ', '\\s+')}\\b`,
    'gi',
  ),
  replacement,
}));

/** Phrases and parts of longer names that cspell does not find, one message each. */
export function findPhrases(file: TextFile, exceptions: Exception[]): string[] {
  const text = withoutExceptions(file, exceptions);
  // A phrase may continue on the next line of a comment.
  const joined = text.replace(/\n[ \t]*(?:\/\/+|\*|#|>)?/g, (match) => match.replace(/./g, ' '));
  const found: { at: number; message: string }[] = [];
  for (const { pattern, replacement } of PHRASE_PATTERNS) {
    for (const { 0: match, index } of joined.matchAll(pattern)) {
      found.push({ at: index, message: describe(match.replace(/\s+/g, ' '), replacement) });
    }
  }
  for (const { 0: name, index } of text.matchAll(/[A-Za-z][A-Za-z0-9_]+/g)) {
    const parts = partsOf(name);
    if (parts.length < 2) continue;
    for (const message of [...flaggedIn(parts, NAME_PARTS), ...phrasesIn(parts)]) {
      found.push({ at: index, message: `${message} in ${name}` });
    }
  }
  for (const { 0: directive, index } of text.matchAll(DIRECTIVE)) {
    const message = `Directive (${directive}): list the exception with its reason in scripts/words/vocabulary.ts`;
    found.push({ at: index, message });
  }
  return found
    .sort((a, b) => a.at - b.at)
    .map(({ at, message }) => `${file.path}:${position(text, at)} - ${message}`);
}

/** Words in the name of a file or folder. */
export function findWordsInPath(path: string): string[] {
  const parts = partsOf(path);
  return [...flaggedIn(parts, { ...WORDS, ...NAME_PARTS }), ...phrasesIn(parts)].map(
    (message) => `${path} - ${message} in the path`,
  );
}

/** `renderUrl`, `RENDER_URL` and `render-url` have the parts `render` and `url`. */
function partsOf(name: string): string[] {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z])([A-Z][a-z])/g, '$1 $2');
  return spaced
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}

function flaggedIn(parts: string[], list: Record<string, string>): string[] {
  return [...new Set(parts)]
    .filter((part) => Object.hasOwn(list, part))
    .map((part) => describe(part, list[part]));
}

function phrasesIn(parts: string[]): string[] {
  return PHRASE_PATTERNS.flatMap(({ pattern, replacement }) =>
    (parts.join(' ').match(pattern) ?? []).map((match) => describe(match, replacement)),
  );
}

/** The same form as a line of cspell. */
function describe(word: string, replacement = ''): string {
  return `Forbidden word (${word}) fix: (${replacement})`;
}

function position(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}
