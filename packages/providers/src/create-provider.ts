import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import type { Clock } from '@darkroom/shared/runtime';
import type { Provider } from './provider.ts';
import { openToapis } from './toapis/index.ts';

/** The provider at which this deployment makes its purchases. Today there is one: ToAPIs. */
export function createProvider(settings: Settings, clock: Clock): Provider {
  return openToapis({
    baseUrl: settings.TOAPIS_BASE_URL,
    apiKey: settings.TOAPIS_API_KEY ?? '',
    submitTimeoutMs: settings.SUBMIT_TIMEOUT_MS,
    quota: {
      submitsPerSecond: settings.TOAPIS_SUBMIT_PER_SECOND,
      pollsPerSecond: settings.TOAPIS_QUERY_PER_SECOND,
    },
    priceMicros: ({ resolution }) => getRenderPrice(settings, resolution),
    now: () => clock.now(),
  });
}
