// init.ts           a commented example
// example.ts        …its files
// check.ts          checks the file and every row
// plan.ts           what a run would buy
// plan-input.ts     …its settings, store, backlog
// plan-view.ts      …for people
// explain-item.ts   why an item is bought
// run.ts            starts a run, and follows it
// upload-files.ts   …the files of this machine that a worker needs
// schedule.ts       schedule, unschedule
// local-time.ts     a time in the time zone of a schedule
// runs.ts           status, watch, report, cancel, list
// retry.ts          retry-failed: buys again what a run could not deliver
// follow-run.ts     …progress until the end
// run-view.ts       …for people
// verify.ts         reads the images of a run
// export.ts         copies them to a folder or into a zip
// read-images.ts    …each checked against the manifest
// write-zip.ts      …as a stream
// delivered-run.ts  …the manifest
// load.ts           the catalogue file, and a folder for copies
// problem-report.ts problems with their lines
// reviews.ts        lists and imports reviews of images
import { checkCommand } from './check.ts';
import { exportCommand } from './export.ts';
import { initCommand } from './init.ts';
import { planCommand } from './plan.ts';
import { retryFailedCommand } from './retry.ts';
import { REVIEW_COMMANDS } from './reviews.ts';
import { runCommand } from './run.ts';
import { cancelCommand, listCommand, reportCommand, statusCommand, watchCommand } from './runs.ts';
import { scheduleCommand, unscheduleCommand } from './schedule.ts';
import { verifyCommand } from './verify.ts';

export const CATALOGUE_COMMANDS = [
  initCommand,
  checkCommand,
  planCommand,
  runCommand,
  statusCommand,
  watchCommand,
  reportCommand,
  cancelCommand,
  retryFailedCommand,
  scheduleCommand,
  unscheduleCommand,
  verifyCommand,
  exportCommand,
  listCommand,
  ...REVIEW_COMMANDS,
];
