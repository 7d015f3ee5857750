import { randomInt } from 'node:crypto';

/** A uniform number in [0, 1). */
export type Random = () => number;

/** A 32-bit hash of a string (FNV-1a): a seed for values that the string must determine. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** A small deterministic generator (mulberry32). It is not suitable for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a simulator without the option `seed`. */
export function drawSeed(): number {
  return randomInt(2 ** 32);
}

/** One stream per purpose: drawing a fault must not change the latencies that follow. */
export function createStream(seed: number, purpose: string): Random {
  return seededRandom(seed ^ hash32(purpose));
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function drawName(random: Random, length: number): string {
  let name = '';
  for (let i = 0; i < length; i++) name += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return name;
}
