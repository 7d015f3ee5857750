import type { RedriveRequest } from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import { readCount } from '../../command/index.ts';

/** How a plan is executed. */
export interface ExecutionOptions {
  rate?: number;
  maxJobs?: number;
  maxSpend?: string;
  acceptDuplicateCharge?: true;
  pollAgain?: true;
  reason?: string;
}

export const executionOptions = () => [
  new Option('--rate <n>', 'renders that are started per second (default: 10)').argParser(readRate),
  new Option('--max-jobs <n>', 'stop before more renders are started').argParser(readCount),
  new Option('--max-spend <dollars>', 'stop before the purchases cost more'),
  new Option('--accept-duplicate-charge', 'buy those again that may be bought already').conflicts(
    'pollAgain',
  ),
  new Option('--poll-again', 'run those that may be bought already without buying'),
  new Option('--reason <text>', 'why, for people'),
];

function readRate(text: string): number {
  const rate = Number(text);
  if (rate >= 0.01 && rate <= 500) return rate;
  throw new InvalidArgumentError('expected a number from 0.01 to 500.');
}

export function toExecution(plan: string, options: ExecutionOptions): RedriveRequest & { plan: string } {
  const { rate, maxJobs, maxSpend, acceptDuplicateCharge, pollAgain, reason } = options;
  return {
    plan,
    ...(rate === undefined ? {} : { rate }),
    ...(maxJobs === undefined ? {} : { max_jobs: maxJobs }),
    ...(maxSpend === undefined ? {} : { max_spend: maxSpend }),
    ...(acceptDuplicateCharge ? { accept_duplicate_charge: true } : {}),
    ...(pollAgain ? { poll_again: true } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}
