import { confirm, isCancel } from '@clack/prompts';
import type { Settings } from '@darkroom/shared/config';
import type { Sample } from './catalogue.ts';
import { dollars } from './progress.ts';

const AT = { '1K': 0, '2K': 1, '4K': 2 } as const;

/** What the samples would cost at the configured prices, in micro-dollars. */
export function priceOfSamples(samples: readonly Sample[], prices: Settings['PRICES']): number {
  return samples.reduce((sum, { body }) => sum + prices[AT[body.resolution as keyof typeof AT]], 0);
}

/** Real money is spent only after a yes: at the prompt, or by `--yes`. */
export async function maySpend(
  micros: number,
  options: { yes: boolean; interactive: boolean },
): Promise<boolean> {
  if (options.yes) return true;
  if (!options.interactive) return false;
  const answer = await confirm({
    message: `TOAPIS_API_KEY is set: this buys real images for about ${dollars(micros)}. Go on?`,
    initialValue: false,
  });
  return !isCancel(answer) && answer;
}
