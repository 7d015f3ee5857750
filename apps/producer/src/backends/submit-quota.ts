import type { Settings } from '@darkroom/shared/config';

/** How many submissions per second the workers may make now. */
export type ReadSubmitQuota = () => Promise<number>;

export const createSubmitQuotaReader =
  (settings: Pick<Settings, 'TOAPIS_SUBMIT_PER_SECOND'>): ReadSubmitQuota =>
  async () =>
    settings.TOAPIS_SUBMIT_PER_SECOND;
