import { confirm, isCancel } from '@clack/prompts';
import type { Settings } from '@darkroom/shared/config';
import type { Sample } from './catalogue.ts';
import { formatDollars } from './progress.ts';

const PRICE_INDEX = { '1K': 0, '2K': 1, '4K': 2 } as const;

/** The price of the samples at the configured prices, in micro-dollars. */
export function priceSamples(samples: readonly Sample[], prices: Settings['PRICES']): number {
  return samples.reduce((sum, { request }) => sum + prices[PRICE_INDEX[request.resolution ?? '1K']], 0);
}

/** Real money is spent only after a confirmation: at the prompt, or by `--yes`. */
export async function confirmSpend(
  micros: number,
  options: { yes: boolean; interactive: boolean },
): Promise<boolean> {
  if (options.yes) return true;
  if (!options.interactive) return false;
  const answer = await confirm({
    message: `TOAPIS_API_KEY is set: this buys real images for about ${formatDollars(micros)}. Continue?`,
    initialValue: false,
  });
  return !isCancel(answer) && answer;
}
