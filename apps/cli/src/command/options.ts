import { InvalidArgumentError } from 'commander';

/** Parses an option that counts something. */
export function readCount(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number above 0.');
}
