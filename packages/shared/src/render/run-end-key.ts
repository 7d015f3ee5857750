import { FAILURE_CODES, type FailureCode, type FinalStatus } from '@darkroom/api';
import { type Cost, sumCost } from './purchases.ts';
import type { Receipt } from './receipt.ts';
import { encodeField, encodeOutcomes } from './spend-key.ts';

/** The prefix of all objects of a run. */
export const runPrefix = (tenant: string, run: string) => `runs/${tenant}/${encodeField(run)}/`;
/** The prefix of {@link runEndKey}: one object per end of each of the run's renders. */
export const runEndPrefix = (tenant: string, run: string) => `${runPrefix(tenant, run)}ended/`;

/** An end of a render of a run, as its key has it. */
export interface RunEndEntry extends Cost {
  renderId: string;
  /** Which end of the render it is, from 1. */
  end: number;
  status: FinalStatus;
  /** A redrive of this end began: the render runs again. */
  isRedriven: boolean;
  /** Unix milliseconds. */
  finishedAt: number;
  /** As in the spend index. */
  outcomes: string;
  /** Why it failed. */
  failure?: FailureCode;
}

const LETTER = { completed: 'c', failed: 'f', canceled: 'x' } as const satisfies Record<FinalStatus, string>;
const REDRIVEN = 'r';
const NO_FAILURE = '-';

/**
 * The key of the empty object that says how a render of a run ended. It has all that counts, amounts and results of the
 * run need, so no render is read for them. It is derived from the receipt alone (I6).
 *
 * @returns `undefined` for a render whose run was not created
 */
export function runEndKey(receipt: Receipt): string | undefined {
  const { renderId, tenant, request, status, finishedAt, priorEnds = 0, purchases, failure } = receipt;
  if (!receipt.inRun || request.run === undefined) return undefined;
  const { spentMicros, refundedMicros, possiblySpentMicros } = sumCost(purchases);
  const fields = [
    renderId,
    priorEnds + 1,
    receipt.redrivenAt === undefined ? LETTER[status] : REDRIVEN,
    finishedAt.toString(36),
    purchases.length > 0 ? encodeOutcomes(purchases) : '-',
    spentMicros,
    refundedMicros,
    possiblySpentMicros,
    failure?.code ?? NO_FAILURE,
  ];
  return `${runEndPrefix(tenant, request.run)}${fields.join('.')}`;
}

const NAME =
  /\/(rnd_[0-9a-f]{32})\.(\d+)\.([a-z])\.([0-9a-z]+)\.([uar-]+)\.(\d+)\.(\d+)\.(\d+)\.([a-z_]+|-)$/;

const STATUS: Record<string, FinalStatus> = {
  c: 'completed',
  f: 'failed',
  x: 'canceled',
  [REDRIVEN]: 'failed',
};

/** Parses a key of {@link runEndKey}. @returns `undefined` for another key */
export function readRunEndKey(key: string): RunEndEntry | undefined {
  const found = NAME.exec(key);
  if (!found) return undefined;
  const [, renderId = '', end = '', letter = '', finishedAt = '', outcomes = '', , , , code = ''] = found;
  const [spentMicros = 0, refundedMicros = 0, possiblySpentMicros = 0] = found.slice(6, 9).map(Number);
  const failure = FAILURE_CODES.find((one) => one === code);
  return {
    renderId,
    end: Number(end),
    status: STATUS[letter] ?? 'failed',
    isRedriven: letter === REDRIVEN,
    finishedAt: Number.parseInt(finishedAt, 36),
    outcomes,
    spentMicros,
    refundedMicros,
    possiblySpentMicros,
    ...(failure ? { failure } : {}),
  };
}

/** Of two entries of a render, the one that counts. A crash can leave an entry with older amounts. */
export const pickLatestEnd = (one: RunEndEntry, other: RunEndEntry): RunEndEntry =>
  (one.end - other.end ||
    Number(one.isRedriven) - Number(other.isRedriven) ||
    one.finishedAt - other.finishedAt ||
    countKnown(one) - countKnown(other)) > 0
    ? one
    : other;

/** Between two writes of an end, purchases only become accepted, and then refunded. */
const countKnown = ({ outcomes }: RunEndEntry) =>
  [...outcomes].reduce((sum, letter) => sum + (letter === 'r' ? 2 : letter === 'a' ? 1 : 0), 0);
