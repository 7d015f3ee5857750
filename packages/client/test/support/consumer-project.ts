import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '@darkroom/testkit';
import { inject } from 'vitest';

export const PACKAGES_DIR = fileURLToPath(new URL('../../..', import.meta.url));
const bin = join(PACKAGES_DIR, '../node_modules/.bin');

/** Creates a project outside of the workspace, with packed packages in its `node_modules`. */
export async function createConsumerProject(...names: ('client' | 'api')[]): Promise<string> {
  const dir = await tempDir();
  await writeFile(join(dir, 'package.json'), '{"type":"module","private":true}');
  for (const name of names) await installPackage(name, join(dir, 'node_modules/@darkroom', name));
  if (names.includes('api'))
    await symlink(await realpath(join(PACKAGES_DIR, 'api/node_modules/zod')), join(dir, 'node_modules/zod'));
  return dir;
}

/** Installs what `pnpm pack` would contain: the `files`, and a manifest with `publishConfig` applied. */
async function installPackage(name: string, into: string): Promise<void> {
  const from = join(PACKAGES_DIR, name);
  const { publishConfig, files, ...manifest } = JSON.parse(
    await readFile(join(from, 'package.json'), 'utf8'),
  );
  await mkdir(into, { recursive: true });
  await writeFile(join(into, 'package.json'), JSON.stringify({ ...manifest, ...publishConfig }));
  for (const file of files as string[]) {
    if (file === 'dist') await cp(await buildPackage(name), join(into, 'dist'), { recursive: true });
    else await cp(join(from, file), join(into, file));
  }
}

const builds = new Map<string, Promise<string>>();

/** Builds a package, once per process. @returns the folder with what was built */
function buildPackage(name: string): Promise<string> {
  const dist = join(inject('runFolder'), `${name}-${process.pid}`);
  const build =
    builds.get(name) ??
    runTsc(['-p', join(PACKAGES_DIR, name, 'tsconfig.build.json'), '--outDir', dist]).then(() => dist);
  builds.set(name, build);
  return build;
}

/** Runs the TypeScript compiler. Rejects with its messages. */
export function runTsc(args: string[], cwd?: string): Promise<void> {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
  return new Promise((resolve, reject) => {
    execFile(join(bin, 'tsc'), args, { env, ...(cwd ? { cwd } : {}) }, (error, stdout) =>
      error ? reject(new Error(stdout || String(error))) : resolve(),
    );
  });
}
