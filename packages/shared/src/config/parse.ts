import { parseTenantValues } from './per-tenant.ts';
import { SECRET_SETTINGS, type Settings, settingsSchema } from './settings.ts';

export interface SettingProblem {
  name: string;
  expected: string;
  received: string;
}

/** The settings that a process needs, always or in production. */
export interface RequiredSettings {
  /** The value is the text for `expected` in the error. */
  always?: Partial<Record<keyof Settings, string>>;
  production?: readonly (keyof Settings)[];
}

/** The text for `QUEUE_URL` in the error of a process that shares its queue with other processes. */
export const SHARED_QUEUE = 'the URL of Redis; the embedded engine works only with `start`';

/** All problems of the settings, in one error. */
export class ConfigError extends Error {
  readonly code = 'invalid_config';
  readonly problems: SettingProblem[];
  constructor(problems: SettingProblem[]) {
    super(
      `Invalid settings:\n${problems
        .map((problem) => `  ${problem.name}: expected ${problem.expected}, received ${problem.received}`)
        .join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the settings of a process. An empty variable counts as unset.
 *
 * @param required settings that this process needs. Those for production prevent that an embedded engine or store starts
 * silently when `NODE_ENV=production`.
 * @throws {ConfigError} with every invalid or missing setting.
 */
export function parseSettings(
  env: Record<string, string | undefined>,
  required: RequiredSettings = {},
): Settings {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settingsSchema.safeParse(given);
  const problems: SettingProblem[] = [];
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      problems.push({ name, expected: issue.message, received: formatReceived(name, given[name]) });
    }
  }
  const reportMissing = (name: string, expected: string) => {
    if (given[name] !== undefined || problems.some((problem) => problem.name === name)) return;
    problems.push({ name, expected, received: 'nothing' });
  };
  for (const [name, expected] of Object.entries(required.always ?? {})) reportMissing(name, expected);
  if (given.NODE_ENV === 'production') {
    for (const name of required.production ?? [])
      reportMissing(name, 'a value, because NODE_ENV is production');
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return parsed.data;
}

function formatReceived(name: string, value: string | undefined): string {
  if (value === undefined) return 'nothing';
  return SECRET_SETTINGS.includes(name) ? '[redacted]' : JSON.stringify(value.slice(0, 80));
}

/** The secret values of the environment, for the scrubber: no log line may contain them. */
export function listSecrets(env: Record<string, string | undefined>): string[] {
  const secrets = [
    env.TOAPIS_API_KEY,
    ...(env.TOAPIS_WEBHOOK_SECRET ?? '').split(','),
    ...(parseTenantValues(env.WEBHOOK_SECRETS ?? '') ?? []).map(({ value }) => value),
    env.AWS_SECRET_ACCESS_KEY,
    env.AWS_SESSION_TOKEN,
    ...listUrlPasswords(env.QUEUE_URL ?? ''),
  ];
  return secrets.filter((secret): secret is string => Boolean(secret));
}

/** As written and decoded. Also of a URL that is invalid, because its password is not percent-encoded. */
function listUrlPasswords(url: string): string[] {
  const [beforeQuery = '', query = ''] = url.split(/\?(?=(?:db|sentinel\w+)=)/, 2);
  const password = /^[^:]*:\/\/[^:]*:(.*)@/s.exec(beforeQuery)?.[1];
  const sentinelPassword = /(?:^|&)sentinelPassword=([^&]*)/.exec(query)?.[1];
  return [password, sentinelPassword].flatMap((text) => (text ? [text, decodeOrKeep(text)] : []));
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
