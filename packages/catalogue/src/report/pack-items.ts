import { compareInputs, type InputName } from '../items/index.ts';
import type { ManifestEntry } from '../manifest/index.ts';

/** One item of a report: what a run delivered, and what the run before had. */
export interface ReportEntry {
  entry: ManifestEntry;
  /** In the manifest of the last good run before. Undefined: the item is new. */
  previous?: ManifestEntry | undefined;
}

/** What became of an item, as a report shows and filters it. The order is that of the filters. */
export const REPORT_STATES = ['new', 'changed', 'unchanged', 'failed', 'not_bought', 'quarantined'] as const;
export type ReportState = (typeof REPORT_STATES)[number];

export function classifyItem({ entry, previous }: ReportEntry): ReportState {
  if (entry.status !== 'completed') return entry.status;
  if (entry.origin === 'reused') return 'unchanged';
  return previous?.image ? 'changed' : 'new';
}

/** How many hex digits of an image's SHA-256 the index has: enough to see that a review is about this image. */
export const SHORT_DIGEST = 12;

export type IndexRow = [
  key: string,
  view: string | null,
  name: string,
  /** Its place in {@link REPORT_STATES}. */
  state: number,
  renderId: string | null,
  imageDigest: string | null,
  /** Micro-dollars that this run spent on it, refunds subtracted. */
  micros: number,
  /** Absent without an error. */
  errorCode?: string,
];

/** What the grid and the filters need of an item. */
export const packIndexRow = (one: ReportEntry): IndexRow => [
  one.entry.key,
  one.entry.view,
  // A quarantined item without an image has no name.
  one.entry.name || `line ${one.entry.line}`,
  REPORT_STATES.indexOf(classifyItem(one)),
  one.entry.render_id,
  one.entry.image?.sha256.slice(0, SHORT_DIGEST) ?? null,
  toMicros(one.entry.cost.spent) - toMicros(one.entry.cost.refunded),
  ...(one.entry.error ? ([one.entry.error.code] as const) : ([] as const)),
];

export const toMicros = (dollars: string) => Math.round(Number(dollars) * 1e6);

/** Everything else that a report shows of an item. */
export interface ItemDetail {
  line: number;
  prompt: string;
  model: string;
  size: string | null;
  resolution: string;
  references: string[];
  sourceHash: string;
  run: string | null;
  image: ManifestEntry['image'];
  cost: ManifestEntry['cost'];
  error: ManifestEntry['error'];
  finishedAt: string | null;
  /** The inputs that differ from those of the previous image. */
  changes: InputName[];
  /** The image before. Null if there is none, or if it is the same. */
  previous: {
    image: NonNullable<ManifestEntry['image']>;
    name: string;
    renderId: string | null;
    run: string | null;
    prompt: string;
    finishedAt: string | null;
  } | null;
}

export function packItemDetail({ entry, previous }: ReportEntry): ItemDetail {
  const { inputs, image } = entry;
  const { prompt, model, size, resolution, references } = inputs;
  const before = previous?.image && previous.image.sha256 !== image?.sha256 ? previous : undefined;
  return {
    line: entry.line,
    prompt,
    model,
    size,
    resolution,
    references,
    sourceHash: entry.source_hash ?? entry.hash,
    run: entry.run,
    image,
    cost: entry.cost,
    error: entry.error,
    finishedAt: entry.finished_at,
    changes: previous ? compareInputs(previous.inputs, inputs) : [],
    previous: before?.image
      ? {
          image: before.image,
          name: before.name,
          renderId: before.render_id,
          run: before.run,
          prompt: before.inputs.prompt,
          finishedAt: before.finished_at,
        }
      : null,
  };
}
