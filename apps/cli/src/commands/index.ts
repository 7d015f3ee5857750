// renders/     renders …
// dead-letters/  dead-letters …
// runs/        runs …: renders that belong together
// batch/       batch …: files with one request per line
// catalogue/   catalogue …: what a night buys
// redrives/    redrives …, dead-letters redrive, renders redrive
// deliveries/  deliveries …: webhooks of a render
// queues/      queues list, pause, pause list, resume
// limits/      quota …: limits that operators change while the workers run
// workers/     workers …: the worker processes, and draining them
// money/       spend: what renders cost; reconcile; budget …: hard limits
// audit/       audit list: what operators did
// keys/        keys …
// profiles/    profiles …
// system/      doctor, restore, open
import type { CommandSpec } from '../command/index.ts';
import { AUDIT_COMMANDS } from './audit/index.ts';
import { BATCH_COMMANDS } from './batch/index.ts';
import { CATALOGUE_COMMANDS } from './catalogue/index.ts';
import { DEAD_LETTER_COMMANDS } from './dead-letters/index.ts';
import { DELIVERY_COMMANDS } from './deliveries/index.ts';
import { KEY_COMMANDS } from './keys/index.ts';
import { LIMIT_COMMANDS } from './limits/index.ts';
import { MONEY_COMMANDS } from './money/index.ts';
import { PROFILE_COMMANDS } from './profiles/index.ts';
import { QUEUE_COMMANDS } from './queues/index.ts';
import { REDRIVE_COMMANDS } from './redrives/index.ts';
import { RENDER_COMMANDS } from './renders/index.ts';
import { RUN_COMMANDS } from './runs/index.ts';
import { SYSTEM_COMMANDS } from './system/index.ts';
import { WORKER_COMMANDS } from './workers/index.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandSpec<never>[] = [
  ...RENDER_COMMANDS,
  ...RUN_COMMANDS,
  ...BATCH_COMMANDS,
  ...CATALOGUE_COMMANDS,
  ...DEAD_LETTER_COMMANDS,
  ...REDRIVE_COMMANDS,
  ...DELIVERY_COMMANDS,
  ...QUEUE_COMMANDS,
  ...LIMIT_COMMANDS,
  ...WORKER_COMMANDS,
  ...MONEY_COMMANDS,
  ...AUDIT_COMMANDS,
  ...SYSTEM_COMMANDS,
  ...KEY_COMMANDS,
  ...PROFILE_COMMANDS,
];

/** What each noun is about, for the help. */
export const NOUNS: Record<string, string> = {
  renders: 'Renders: list, follow, cancel, resolve unknown purchases.',
  runs: 'Runs: renders that belong together, with counts, cost, results and one end.',
  batch: 'Batches: files with one request per line, in the format of OpenAI.',
  catalogue: 'Catalogues: which image each row of a source gets, and what a run buys.',
  'catalogue reviews': 'Reviews: which images people approved or rejected.',
  'dead-letters': 'Dead letters: failed renders that wait for an operator.',
  redrives: 'Redrives: failed renders that run again, by a plan.',
  deliveries: 'Webhook deliveries of a render.',
  budget: 'Budgets: hard limits for what renders may cost.',
  quota: 'Limits that operators change while the workers run.',
  workers: 'The worker processes, and draining them.',
  queues: 'Queues and their pauses.',
  audit: 'What operators did.',
  keys: 'API keys.',
  profiles: 'The servers that this command line knows.',
};
