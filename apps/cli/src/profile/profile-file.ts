import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';

const profileSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'an http(s) URL' }),
  api_key: z.string().min(1).optional(),
});
const fileSchema = z.strictObject({
  default: z.string().optional(),
  profiles: z.record(z.string(), profileSchema).default({}),
});

type ProfileFile = z.infer<typeof fileSchema>;

type Env = Readonly<Record<string, string | undefined>>;

/** `$XDG_CONFIG_HOME/darkroom/config.json`. */
export function locateProfiles(env: Env): string {
  const base = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return join(base, 'darkroom', 'config.json');
}

/** @returns no profiles if there is no file */
export async function readProfiles(env: Env): Promise<ProfileFile> {
  const path = locateProfiles(env);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw error;
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // Only the place and the rule: the file contains keys.
  throw new CliError(EXIT.usage, `${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Replaces the file whole. Only its owner may read it, because it contains keys. */
export async function writeProfiles(env: Env, file: ProfileFile): Promise<string> {
  const path = locateProfiles(env);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
  return path;
}
