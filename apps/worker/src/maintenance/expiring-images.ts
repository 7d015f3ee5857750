import type { ExpiringImages } from '@darkroom/shared/queues';
import type { Infra } from '../stage/index.ts';

/** The renders of which this process has warned. */
export type WarnedRenders = Set<string>;

/** Logs one alarm for paid images that expire soon and of which this process has not warned yet. */
export function warnOfExpiringImages(
  { storing, failed }: ExpiringImages,
  warned: WarnedRenders,
  { clock, log }: Pick<Infra, 'clock' | 'log'>,
): void {
  const all = [...storing, ...failed].sort((a, b) => a.expiresAt - b.expiresAt);
  const expiring = new Set(all.map(({ renderId }) => renderId));
  const added = all.filter(({ renderId }) => !warned.has(renderId));
  for (const id of warned) if (!expiring.has(id)) warned.delete(id);
  const [first] = added;
  if (!first) return;
  for (const id of expiring) warned.add(id);
  log.error(
    {
      alert: true,
      images: all.length,
      failed: failed.length,
      renderId: first.renderId,
      expiresInMs: first.expiresAt - clock.now(),
    },
    'paid images that are not stored expire within two hours',
  );
}
