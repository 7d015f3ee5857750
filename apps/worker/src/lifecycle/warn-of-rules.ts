import type { Settings } from '@darkroom/shared/config';
import { findHarmfulRules, listKeptObjects } from '@darkroom/shared/lifecycle';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { errorMessage, type Logger } from '@darkroom/shared/runtime';

const READ_MS = 5_000;

/**
 * Logs one warning for each rule of the store that deletes objects which Darkroom needs. Never rejects: a store that does
 * not let Darkroom read its rules, or has none, is no error.
 */
export async function warnOfHarmfulRules(
  store: Pick<ObjectStore, 'url' | 'readExpiryRules'>,
  settings: Pick<Settings, 'RETENTION_DAYS' | 'IMAGE_KEY'>,
  log: Pick<Logger, 'warn' | 'debug'>,
): Promise<void> {
  try {
    const rules = await store.readExpiryRules({ signal: AbortSignal.timeout(READ_MS) });
    for (const { rule, harmed } of findHarmfulRules(rules, listKeptObjects(settings))) {
      const { id, fullPrefix, days, date } = rule;
      const age = date === undefined ? { days } : { date: new Date(date).toISOString() };
      log.warn(
        {
          store: store.url,
          rule: id,
          prefix: fullPrefix,
          ...age,
          consequences: harmed.map(({ prefix, consequence }) => `${prefix || 'images'}: ${consequence}`),
        },
        'a lifecycle rule deletes objects that Darkroom needs',
      );
    }
  } catch (error) {
    log.debug({ store: store.url, err: errorMessage(error) }, 'lifecycle rules not checked');
  }
}
