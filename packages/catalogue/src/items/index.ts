// rules.ts              the catalogue file, ready for use on rows; checks its columns
// expand-row.ts         a row as items
// image-name.ts         safe file names
// identity.ts           the hash of what determines an image
// reference-digests.ts  digests of reference images
export { expandRow, type Item, readRowKey } from './expand-row.ts';
export {
  compareInputs,
  createInputs,
  hashInputs,
  type InputName,
  type Inputs,
} from './identity.ts';
export { createReferenceDigests, type ReferenceDigests } from './reference-digests.ts';
export { checkColumns, createRules, type Rules } from './rules.ts';
