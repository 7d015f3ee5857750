/** What a report says about a run, besides its items. */
export interface ReportSummary {
  tenant: string;
  /** The name of the catalogue. */
  catalogue: string;
  run: string;
  /** The last good run before. Null: this is the first one. */
  previousRun: string | null;
  /** Unix milliseconds. */
  startedAt: number;
  finishedAt: number;
  /** Why the run ended before all items were tried, as a sentence. Null: it did not. */
  stopped: string | null;
  /** Items of the last run that the source does not have any more. */
  removed: number;
  /** US dollars that the run could cost. Null: no limit. */
  budget: number | null;
}

/** Items in one file of details: a browser loads it when it shows one of them. */
export const ITEMS_PER_FILE = 250;
/** Items in one file of the index. The first file is all that a browser needs for its first screen. */
export const INDEX_PER_FILE = 2_000;
