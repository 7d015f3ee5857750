// entry.ts            a line of manifest.jsonl; latest.json; their keys in the store
// failures.ts        failures after which an image may be paid for, and those that come again
// digest-table.ts     a compact map
// manifest-reader.ts  the entries of a manifest, by item
// find-manifest.ts    the manifest of the last good run
export { createDigestTable } from './digest-table.ts';
export {
  CATALOGUES_PREFIX,
  cataloguePrefix,
  formatItemId,
  type LatestRun,
  latestRunKey,
  latestRunSchema,
  MANIFEST_VERSION,
  type ManifestEntry,
  manifestEntrySchema,
  manifestKey,
  runPrefix,
  runsPrefix,
} from './entry.ts';
export { type ManifestOutcome, mayBePaid, wouldFailAgain } from './failures.ts';
export { fetchLastManifest, type LastManifest } from './find-manifest.ts';
export { type ManifestReader, openManifest } from './manifest-reader.ts';
