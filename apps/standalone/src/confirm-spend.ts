import { confirm, isCancel } from '@clack/prompts';
import { formatDollars } from './progress.ts';

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
