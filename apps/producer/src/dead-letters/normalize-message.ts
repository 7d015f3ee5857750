import type { FailureCode } from '@darkroom/api';
import { sha256 } from '@darkroom/shared/render';

/** Characters of a message that decide about its group. */
const MAX_COMPARED = 300;

/**
 * In this order: a URL contains hosts, a host contains numbers. A placeholder contains no character that a later pattern
 * replaces.
 */
const REPLACEMENTS: readonly [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>)\]]+/gi, '<url>'],
  [/\bdata:[^\s"'<>)\]]+/gi, '<url>'],
  [/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g, '<address>'],
  [/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<address>'],
  [/\[?(?:[0-9a-f]{0,4}:){3,}[0-9a-f]{0,4}\]?(?::\d+)?/gi, '<address>'],
  // A host: with a port, or with two dots. `result.url` is the name of a field.
  [/\b(?:[a-z0-9-]+\.)*[a-z0-9-]+:\d{2,5}\b/gi, '<address>'],
  [/\b(?:[a-z0-9-]+\.){2,}[a-z]{2,}\b/gi, '<address>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>'],
  // A word with a digit and a separator, such as `task_img_abc123`, or a long word with a digit.
  [/\b(?=\w*\d)[a-z]+(?:[_-][a-z0-9]+)+\b/gi, '<id>'],
  [/\b(?=\w*\d)\w{12,}\b/g, '<id>'],
  [/\d+(?:[.,]\d+)*/g, '<n>'],
  [/\s+/g, ' '],
];

/** A message without what differs from render to render: ids, numbers, times, addresses and URLs. */
export function normalizeMessage(message: string): string {
  const text = message.slice(0, MAX_COMPARED);
  return REPLACEMENTS.reduce((all, [pattern, by]) => all.replace(pattern, by), text).trim();
}

/** The key of the group of all failures with this code and this normalized message. */
export const createReasonKey = (code: FailureCode, normalized: string): string =>
  sha256(`${code}\0${normalized}`).slice(0, 12);
