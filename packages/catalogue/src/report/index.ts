// The report of a run: a contact sheet that opens from the store, from a folder or from the API.
//
// write-report.ts  the files of a report, from a stream of entries
// report-page.ts   report.html: sums, timeline, filters
// meanings.ts      …what errors mean
// shapes.ts        …its icons
// styles.ts        …its style sheet
// pack-items.ts    what became of an item; what the page needs of it
// tally-items.ts   counts, money, timeline
// summary.ts       what a report says about a run; sizes of its files
// place.ts         where the page finds images, and where it sends reviews
// data-script.ts   data as scripts
// read-script.ts   the script of the page
// browser/         …its parts
export type { ReportEntry } from './pack-items.ts';
export { createPlaceScript } from './place.ts';
export type { ReportSummary } from './summary.ts';
export { REPORT_FILE, type ReportInput, writeReport } from './write-report.ts';
