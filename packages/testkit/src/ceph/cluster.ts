import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Unpacked, unpackDebian } from '../debian/index.ts';
import { type Daemon, freePort, startDaemon } from '../process/index.ts';
import { until } from '../until.ts';
import { formatCephConf } from './config.ts';

const run = promisify(execFile);

export interface Ceph {
  endpoint: string;
  stop: () => Promise<void>;
}

export interface S3User {
  accessKeyId: string;
  secretAccessKey: string;
}

/**
 * Starts a new, empty S3 server on loopback.
 *
 * @param cacheDir the folder that keeps the unpacked packages (260 MB) between runs
 */
export async function startCeph(cacheDir: string, user: S3User): Promise<Ceph | { reason: string }> {
  const packages = await unpackDebian(['ceph-mon', 'ceph-osd', 'radosgw'], cacheDir, 'usr/bin/radosgw');
  if ('reason' in packages) return packages;
  const dir = await mkdtemp(join(tmpdir(), 'ceph-'));
  const daemons: Daemon[] = [];
  const stop = async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    return { endpoint: await startCluster(packages, dir, user, daemons), stop };
  } catch (error) {
    const ended = findExitReason(daemons);
    await stop();
    return { reason: `Ceph did not start: ${ended ?? (error as Error).message.split('\n', 1)[0]}` };
  }
}

async function startCluster(
  packages: Unpacked,
  dir: string,
  user: S3User,
  daemons: Daemon[],
): Promise<string> {
  const ports = { mon: await freePort(), rgw: await freePort() };
  const fsid = randomUUID();
  const env = { ...packages.env, CEPH_CONF: join(dir, 'ceph.conf') };
  const tool = (name: string, args: string[]) =>
    run(packages.path(`usr/bin/${name}`), args, {
      cwd: dir,
      env: { ...process.env, ...env },
      timeout: 60_000,
    });
  const daemon = async (name: string, args: string[]) => {
    daemons.push(
      await startDaemon(name, packages.path(`usr/bin/${name}`), ['-f', ...args], { env, cwd: dir }),
    );
  };

  await mkdir(join(dir, 'mon'));
  await mkdir(join(dir, 'osd'));
  await writeFile(
    env.CEPH_CONF,
    formatCephConf({ dir, lib: join(packages.root, packages.libDir) }, fsid, ports),
  );
  await writeFile(join(dir, 'keyring'), KEYRING);

  const mon = ['--addv', 'a', `[v2:127.0.0.1:${ports.mon}]`];
  await tool('monmaptool', ['--create', '--fsid', fsid, ...mon, 'monmap']);
  await tool('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring']);
  await daemon('ceph-mon', ['-i', 'a']);
  // At its first boot the OSD adds itself to the map. `ceph osd new`, which needs Python, is not necessary.
  await tool('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', randomUUID()]);
  await daemon('ceph-osd', ['-i', '0']);
  const keys = [`--access-key=${user.accessKeyId}`, `--secret-key=${user.secretAccessKey}`];
  await tool('radosgw-admin', ['user', 'create', '--uid=test', '--display-name=test', ...keys]);
  await daemon('radosgw', ['-n', 'client.rgw']);

  const endpoint = `http://127.0.0.1:${ports.rgw}`;
  await until(async () => (await fetch(endpoint)).ok || findExitReason(daemons), {
    timeout: 60_000,
    what: 'the gateway',
  });
  const ended = findExitReason(daemons);
  if (ended) throw new Error(ended);
  return endpoint;
}

const findExitReason = (daemons: Daemon[]) =>
  daemons.map((daemon) => daemon.exitReason()).find((reason) => reason !== undefined);

// A monitor needs a key even when authentication is off. This key protects nothing.
const KEYRING = `[mon.]
\tkey = AQDAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==
\tcaps mon = "allow *"
`;
