import type { Review } from '../reviews/index.ts';
import { createDataScript } from './data-script.ts';
import {
  type IndexRow,
  type ItemDetail,
  packIndexRow,
  packItemDetail,
  type ReportEntry,
  SHORT_DIGEST,
} from './pack-items.ts';
import { createPlaceScript, type PlaceKind } from './place.ts';
import { readReportScript } from './read-script.ts';
import { createReportPage } from './report-page.ts';
import { REPORT_STYLES } from './styles.ts';
import { INDEX_PER_FILE, ITEMS_PER_FILE, type ReportSummary } from './summary.ts';
import { createReportTally } from './tally-items.ts';

export interface ReportInput {
  summary: ReportSummary;
  /** In the order of the manifest. Memory does not grow with them, except for the sums. */
  entries: AsyncIterable<ReportEntry> | Iterable<ReportEntry>;
  /** The reviews that the catalogue has. Those of other images are left out by the page. */
  reviews?: Iterable<Review>;
  /** @default 'store' */
  place?: PlaceKind;
  /** Writes one file. Paths are relative to the folder of the run. `report.html` is the last one. */
  put(path: string, body: string, contentType: string): Promise<void>;
}

const SCRIPT = 'text/javascript; charset=utf-8';

/** Paths of the files of a report. The API serves exactly these. */
export const REPORT_FILE = /^(?:report\.(?:js|css)|place\.js|reviews\.js|(?:index|items)-\d{4,6}\.js)$/;

const dataFile = (kind: 'index' | 'items', at: number) =>
  `report/${kind}-${String(at + 1).padStart(4, '0')}.js`;

/** Writes the report of a run. @throws what `put` and the entries throw */
export async function writeReport({ summary, entries, reviews, place, put }: ReportInput): Promise<void> {
  const tally = createReportTally();
  const index = createFileWriter<IndexRow>('index', INDEX_PER_FILE, put);
  const items = createFileWriter<ItemDetail>('items', ITEMS_PER_FILE, put);
  for await (const one of entries) {
    tally.add(one);
    await index.add(packIndexRow(one));
    await items.add(packItemDetail(one));
  }
  await index.end();
  await items.end();
  const known = [...(reviews ?? [])].map((one) => ({
    ...one,
    image_sha256: one.image_sha256?.slice(0, SHORT_DIGEST) ?? null,
  }));
  await put('report/reviews.js', createDataScript('reviews', known), SCRIPT);
  const { tenant, catalogue: name } = summary;
  await put('report/place.js', createPlaceScript(place ?? 'store', { tenant, name }), SCRIPT);
  await put('report/report.js', await readReportScript(), SCRIPT);
  await put('report/report.css', REPORT_STYLES, 'text/css; charset=utf-8');
  // The last file: a report that can be opened is complete.
  await put('report.html', createReportPage(summary, tally.read()), 'text/html; charset=utf-8');
}

/** Collects rows, and writes a file whenever one is full. */
function createFileWriter<T>(kind: 'index' | 'items', size: number, put: ReportInput['put']) {
  let rows: T[] = [];
  let files = 0;
  const flush = async () => {
    const written = rows;
    rows = [];
    files += 1;
    await put(dataFile(kind, files - 1), createDataScript(kind, [files - 1, written]), SCRIPT);
  };
  return {
    async add(row: T) {
      rows.push(row);
      if (rows.length === size) await flush();
    },
    /** A report without items has one empty file of each kind. */
    async end() {
      if (rows.length > 0 || files === 0) await flush();
    },
  };
}
