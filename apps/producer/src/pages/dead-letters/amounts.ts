import type { DeadLetterResponse, RedriveAction } from '@darkroom/api';

/** An unknown price is never shown as 0. */
export const formatPrice = (amount: string | null): string => (amount === null ? 'unknown' : `$${amount}`);

const ACTIONS: Record<RedriveAction, string> = {
  resume: 'goes on, no purchase',
  buy: 'buys again',
  acknowledge: 'needs an acknowledgement',
  unknown: 'a plan finds out',
};

/** What a redrive would do with a dead letter, and what it would cost. */
export function describeRedrive({ action, step, price }: DeadLetterResponse['redrive']): string {
  const cost = action === 'resume' ? '' : `: ${formatPrice(price)}`;
  return `${ACTIONS[action]}${step ? ` (${step})` : ''}${cost}`;
}
