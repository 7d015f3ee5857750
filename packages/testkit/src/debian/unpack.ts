import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findBinary } from './find-binary.ts';

const run = promisify(execFile);

export interface Unpacked {
  root: string;
  /** The folder of the libraries, relative to the root: `usr/lib/x86_64-linux-gnu`. */
  libDir: string;
  path: (relative: string) => string;
  /** The environment in which a program below the root finds its libraries. */
  env: Record<string, string>;
}

/**
 * Downloads packages with those dependencies that the system lacks, and unpacks them below `dir`. It installs nothing
 * and needs no root.
 *
 * @param dir   kept between runs, so that the second run starts at once
 * @param proof a file of the packages; if it exists, they were unpacked before
 */
export async function unpackDebian(
  packages: string[],
  dir: string,
  proof: string,
): Promise<Unpacked | { reason: string }> {
  // If the packages are installed, apt downloads nothing.
  const root = existsSync(join('/', proof)) ? '/' : join(dir, 'root');
  if (!existsSync(join(root, proof))) {
    if (!(await findBinary('apt-get')) || !(await findBinary('dpkg'))) return { reason: 'no apt-get here' };
    await mkdir(dir, { recursive: true });
    // Two runs at the same time must not mix their files: each unpacks into an own folder, and one folder is renamed.
    const work = await mkdtemp(join(dir, 'fetch-'));
    try {
      await download(packages, work);
      await mkdir(join(work, 'root'));
      for (const file of await readdir(join(work, 'debs'))) {
        if (file.endsWith('.deb')) await run('dpkg', ['-x', join(work, 'debs', file), join(work, 'root')]);
      }
      await rename(join(work, 'root'), root).catch((error: unknown) => {
        if (!existsSync(join(root, proof))) throw error;
      });
    } catch (error) {
      return { reason: `apt-get could not download ${packages.join(', ')}: ${lastLine(error)}` };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  if (!existsSync(join(root, proof))) return { reason: `${packages.join(', ')} do not contain ${proof}` };
  const libDir = await findLibDir(root);
  const lib = join(root, libDir);
  const libraries = [lib, join(lib, 'ceph'), join(root, 'lib', libDir.replace('usr/lib/', ''))];
  return {
    root,
    libDir,
    path: (relative) => join(root, relative),
    env: { LD_LIBRARY_PATH: libraries.join(':') },
  };
}

async function download(packages: string[], work: string): Promise<void> {
  await mkdir(join(work, 'debs', 'partial'), { recursive: true });
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  const asOptions = (settings: string[]) => settings.flatMap((setting) => ['-o', setting]);
  const base = ['Debug::NoLocking=1', 'APT::Sandbox::User=', `Dir::Cache::archives=${join(work, 'debs')}`];
  const install = ['install', '-y', '--download-only', '--no-install-recommends'];
  const options = { timeout: 300_000, maxBuffer: 2 ** 26, env: { ...process.env, LC_ALL: 'C' } };
  try {
    await run('apt-get', [...install, ...asOptions(base), ...packages], options);
  } catch {
    // The system's package lists are missing or old. Own lists need no root either.
    const lists = [...base, `Dir::State::lists=${join(work, 'lists')}`, `Dir::Cache=${work}`];
    await run('apt-get', ['update', ...asOptions(lists)], options);
    await run('apt-get', [...install, ...asOptions(lists), ...packages], options);
  }
}

async function findLibDir(root: string): Promise<string> {
  const folders = await readdir(join(root, 'usr/lib'));
  const arch = folders.find((name) => name.endsWith('-linux-gnu'));
  return arch ? `usr/lib/${arch}` : 'usr/lib';
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr || message).trim().split('\n').at(-1) ?? message;
}
