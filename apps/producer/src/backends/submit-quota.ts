import type { Settings } from '@darkroom/shared/config';
import {
  type ControlReader,
  findOverride,
  readTenantShares,
  type TenantShares,
} from '@darkroom/shared/control';
import type { Clock } from '@darkroom/shared/runtime';

/** How many submissions per second the workers may make now. */
export type ReadSubmitQuota = () => Promise<number>;

/** The quota of the settings, or what an operator put in its place. */
export const createSubmitQuotaReader =
  (
    settings: Pick<Settings, 'TOAPIS_SUBMIT_PER_SECOND'>,
    { reader, clock }: { reader: Pick<ControlReader, 'latest'>; clock: Clock },
  ): ReadSubmitQuota =>
  async () => {
    const override = findOverride(reader.latest(), 'submissions-per-minute', clock.now());
    return override ? override.value / 60 : settings.TOAPIS_SUBMIT_PER_SECOND;
  };

/** How tenants share the quota now. */
export type ReadShares = () => TenantShares;

/** The shares of the settings, or what an operator put in their place. */
export const createShareReader =
  (
    settings: Pick<Settings, 'TENANT_SHARES'>,
    { reader, clock }: { reader: Pick<ControlReader, 'latest'>; clock: Clock },
  ): ReadShares =>
  () =>
    readTenantShares(settings.TENANT_SHARES, reader.latest(), clock.now());
