import type { ManifestEntry } from '@darkroom/catalogue';
import type { Receipt } from '@darkroom/shared/render';
import type { RunContext } from './run-context.ts';

/** The receipt of a render that failed in an earlier run, if a redrive has completed it since: its image needs no purchase. */
export async function findRedriven(
  { status, render_id: renderId }: Pick<ManifestEntry, 'status' | 'render_id'>,
  { infra, job }: RunContext,
): Promise<(Receipt & { image: NonNullable<Receipt['image']> }) | undefined> {
  if (status !== 'failed' || renderId === null) return undefined;
  const receipt = await infra.ledger.readReceipt(renderId, job.signal);
  const { image } = receipt ?? {};
  return receipt?.status === 'completed' && image ? { ...receipt, image } : undefined;
}
