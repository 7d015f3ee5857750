import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '@darkroom/testkit';

export const packages = fileURLToPath(new URL('../../..', import.meta.url));
const bin = join(packages, '../node_modules/.bin');

/** A project of somebody else: an empty folder with what was packed in its `node_modules`. */
export async function foreignProject(...names: ('client' | 'api')[]): Promise<string> {
  const dir = await tempDir();
  await writeFile(join(dir, 'package.json'), '{"type":"module","private":true}');
  for (const name of names) await install(name, join(dir, 'node_modules/@darkroom', name));
  if (names.includes('api'))
    await symlink(await realpath(join(packages, 'api/node_modules/zod')), join(dir, 'node_modules/zod'));
  return dir;
}

/** Builds a package and puts there what packing it would: its `files`, and `publishConfig` in effect. */
async function install(name: string, into: string): Promise<void> {
  const from = join(packages, name);
  const { publishConfig, files, ...manifest } = JSON.parse(
    await readFile(join(from, 'package.json'), 'utf8'),
  );
  await mkdir(into, { recursive: true });
  await writeFile(join(into, 'package.json'), JSON.stringify({ ...manifest, ...publishConfig }));
  for (const file of files as string[]) {
    if (file === 'dist') await tsc(['-p', join(from, 'tsconfig.build.json'), '--outDir', join(into, 'dist')]);
    else await cp(join(from, file), join(into, file));
  }
}

/** Runs the compiler. Rejects with what it found. */
export function tsc(args: string[], cwd?: string): Promise<void> {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
  return new Promise((resolve, reject) => {
    execFile(join(bin, 'tsc'), args, { env, ...(cwd ? { cwd } : {}) }, (error, stdout) =>
      error ? reject(new Error(stdout || String(error))) : resolve(),
    );
  });
}
