import {
  ConfigError,
  describeSettings,
  parseSettings,
  SECRET_SETTINGS,
  type Settings,
} from '@darkroom/shared/config';
import { type Check, fail, ok, warn } from './check.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the settings of a worker from the environment. Without valid settings, nothing else can be checked. */
export function checkSettings(
  env: Env,
  { showAll }: { showAll: boolean },
): { settings?: Settings; checks: Check[] } {
  let settings: Settings;
  try {
    settings = parseSettings(env, { production: ['QUEUE_URL', 'STORE_URL', 'TOAPIS_API_KEY'] });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const checks = error.problems.map(({ name, expected, received }) =>
      fail(
        'settings',
        `${name}: expected ${expected}, received ${received}`,
        `Correct ${name}. See docs/settings.md.`,
      ),
    );
    return { checks };
  }
  const all = describeSettings();
  const given = all.filter(({ name }) => env[name]);
  const details = (showAll ? all : given).map(({ name, default: fallback }) => {
    const value = env[name];
    if (!value) return `${name}=${fallback ?? ''}  (default)`;
    return `${name}=${SECRET_SETTINGS.includes(name) ? '[hidden]' : value}`;
  });
  const summary = ok(
    'settings',
    `${given.length} are set in the environment, ${all.length - given.length} have their default`,
    details,
  );
  return { settings, checks: [summary, ...listMissing(settings)] };
}

/** What a worker needs, and what may be absent only with `start`. */
function listMissing({ QUEUE_URL, STORE_URL, TOAPIS_API_KEY }: Settings): Check[] {
  return [
    ...(QUEUE_URL
      ? []
      : [
          warn(
            'queue',
            'QUEUE_URL is not set: only the process of `start` can open the embedded queue, so it is not checked',
            'Set QUEUE_URL to the Redis of producers and workers, as they have it.',
          ),
        ]),
    ...(STORE_URL
      ? []
      : [
          warn(
            'store',
            'STORE_URL is not set: the store is a folder on this machine',
            'Set STORE_URL to the bucket of producers and workers, as they have it.',
          ),
        ]),
    ...(TOAPIS_API_KEY
      ? []
      : [
          warn(
            'provider key',
            'TOAPIS_API_KEY is not set: workers do not start without it, and `start` simulates the provider',
            'Set TOAPIS_API_KEY, as workers have it.',
          ),
        ]),
  ];
}
