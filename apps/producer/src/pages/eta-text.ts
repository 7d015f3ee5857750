import type { EtaReason } from '@darkroom/api';
import type { Eta } from '../forecast/index.ts';
import { formatDuration } from './timeline.ts';

const REASON_TEXT: Record<EtaReason, string> = {
  ended: 'it has ended',
  restoring: 'missing renders are being restored',
  paused: 'submissions are paused',
  account: 'the account of the provider cannot buy',
  budget: 'a budget is used up',
  store: 'the object store is away',
  drained: 'all workers are drained',
  unknown_purchase: 'the outcome of its submission is unknown',
  too_few_samples: 'too few renders have completed',
  overdue: 'it takes longer than all recent renders',
  unavailable: 'the queue does not answer',
};

export const formatAhead = (ahead: number): string => `${ahead} ${ahead === 1 ? 'render' : 'renders'} ahead`;

/** For example `ready in about 2 min 05 s, nine of ten within 3 min`, or `no ETA: submissions are paused`. */
export function formatEta(eta: Eta, now: number): string {
  if ('reason' in eta) return `no ETA: ${REASON_TEXT[eta.reason]}`;
  const left = (at: number) => formatDuration(Math.max(1_000, at - now));
  return `ready in about ${left(eta.p50)}, nine of ten within ${left(eta.p90)}`;
}
