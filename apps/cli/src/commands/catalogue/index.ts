// init.ts           a commented example
// example.ts        …its files
// check.ts          checks the file and every row
// plan.ts           what a run would buy
// plan-input.ts     …its settings, store, backlog
// plan-view.ts      …for people
// explain-item.ts   why an item is bought
// load.ts           the catalogue file, and a folder for copies
// problem-report.ts problems with their lines
// reviews.ts        lists and imports reviews of images
import { checkCommand } from './check.ts';
import { initCommand } from './init.ts';
import { planCommand } from './plan.ts';
import { REVIEW_COMMANDS } from './reviews.ts';

export const CATALOGUE_COMMANDS = [initCommand, checkCommand, planCommand, ...REVIEW_COMMANDS];
