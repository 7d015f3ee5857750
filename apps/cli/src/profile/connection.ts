import type { Address } from '../cli-error.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { readProfiles } from './profile-file.ts';

/** The server that commands talk to. */
export interface Connection extends Address {
  apiKey?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';
const DEFAULT_SOURCE = 'the default, because DARKROOM_URL is not set';

/**
 * Resolves URL and key: `--profile`, then DARKROOM_URL and DARKROOM_API_KEY, then DARKROOM_PROFILE, then the default
 * profile, then the URL of `start`. URL and key always come from the same place, so that a key is never sent to a server
 * that it does not belong to.
 */
export async function resolveConnection(
  env: Readonly<Record<string, string | undefined>>,
  profileFlag: string | undefined,
): Promise<Connection> {
  const { DARKROOM_URL, DARKROOM_API_KEY, DARKROOM_PROFILE } = env;
  if (!profileFlag && (DARKROOM_URL || DARKROOM_API_KEY)) {
    return {
      url: DARKROOM_URL ? assertUrl(DARKROOM_URL) : DEFAULT_URL,
      source: DARKROOM_URL ? 'the value of DARKROOM_URL' : DEFAULT_SOURCE,
      ...(DARKROOM_API_KEY ? { apiKey: DARKROOM_API_KEY } : {}),
    };
  }
  const { default: defaultName, profiles } = await readProfiles(env);
  const name = profileFlag ?? (DARKROOM_PROFILE || defaultName);
  if (!name) return { url: DEFAULT_URL, source: DEFAULT_SOURCE };
  const profile = profiles[name];
  if (!profile) {
    const known = Object.keys(profiles).join(', ') || 'none';
    const origin = profileFlag ? '--profile' : DARKROOM_PROFILE ? 'DARKROOM_PROFILE' : 'the default profile';
    throw new CliError(
      EXIT.usage,
      `${origin}: expected one of the profiles (${known}), received ${JSON.stringify(name)}`,
      `Create it with: darkroom profiles set ${name} --url <url>`,
    );
  }
  const { url, api_key: apiKey } = profile;
  return { url, source: `the URL of profile ${name}`, ...(apiKey ? { apiKey } : {}) };
}

function assertUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new CliError(
    EXIT.usage,
    `DARKROOM_URL: expected an http(s) URL such as ${DEFAULT_URL}, received ${JSON.stringify(text)}`,
  );
}
