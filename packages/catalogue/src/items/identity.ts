import { hash } from 'node:crypto';
import type { Item } from './expand-row.ts';

/** Persisted in every manifest. Another number makes every image of every catalogue a new one. */
const HASH_VERSION = 1;

/** Everything that determines an image. */
export interface Inputs {
  /** The filled prompt. */
  prompt: string;
  model: string;
  /** Null: the provider chose it. */
  size: string | null;
  resolution: string;
  format: string;
  /** One per reference image, in their order: `sha256:…` of its bytes, or `address:…` of its address. */
  references: string[];
}

export const INPUT_NAMES = ['prompt', 'model', 'size', 'resolution', 'format', 'references'] as const;
export type InputName = (typeof INPUT_NAMES)[number];

/** @param digests of the item's references, in their order */
export const createInputs = (item: Item, digests: readonly string[]): Inputs => ({
  prompt: item.prompt,
  model: item.model,
  size: item.size ?? null,
  resolution: item.resolution,
  format: item.format,
  references: [...digests],
});

/** The hash of all inputs: two images with the same hash are the same image. `1:` and 64 hex digits. */
export const hashInputs = (inputs: Inputs): string =>
  `${HASH_VERSION}:${hash('sha256', JSON.stringify(INPUT_NAMES.map((name) => inputs[name])), 'hex')}`;

/** The inputs that differ. */
export const compareInputs = (before: Inputs, after: Inputs): InputName[] =>
  INPUT_NAMES.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
