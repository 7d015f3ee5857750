import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Unpacked, unpackDebian } from '../debian/index.ts';
import { type Daemon, freePort, startDaemon } from '../process/index.ts';
import { until } from '../until.ts';
import { cephConf } from './config.ts';

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
 * @param cacheDir keeps the unpacked packages (260 MB) from run to run
 */
export async function startCeph(cacheDir: string, user: S3User): Promise<Ceph | { why: string }> {
  const packages = await unpackDebian(['ceph-mon', 'ceph-osd', 'radosgw'], cacheDir, 'usr/bin/radosgw');
  if ('why' in packages) return packages;
  const dir = await mkdtemp(join(tmpdir(), 'ceph-'));
  const daemons: Daemon[] = [];
  const stop = async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    return { endpoint: await startCluster(packages, dir, user, daemons), stop };
  } catch (error) {
    const gone = daemons.map((daemon) => daemon.gone()).find((why) => why !== undefined);
    await stop();
    return { why: `Ceph did not start: ${gone ?? (error as Error).message.split('\n', 1)[0]}` };
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
  await writeFile(env.CEPH_CONF, cephConf({ dir, lib: join(packages.root, packages.libDir) }, fsid, ports));
  await writeFile(join(dir, 'keyring'), KEYRING);

  const mon = ['--addv', 'a', `[v2:127.0.0.1:${ports.mon}]`];
  await tool('monmaptool', ['--create', '--fsid', fsid, ...mon, 'monmap']);
  await tool('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring']);
  await daemon('ceph-mon', ['-i', 'a']);
  // At its first boot the OSD enters itself into the map: no `ceph osd new`, nor the Python it brings along.
  await tool('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', randomUUID()]);
  await daemon('ceph-osd', ['-i', '0']);
  const keys = [`--access-key=${user.accessKeyId}`, `--secret-key=${user.secretAccessKey}`];
  await tool('radosgw-admin', ['user', 'create', '--uid=test', '--display-name=test', ...keys]);
  await daemon('radosgw', ['-n', 'client.rgw']);

  const endpoint = `http://127.0.0.1:${ports.rgw}`;
  await until(async () => (await fetch(endpoint)).ok || gone(daemons), {
    timeout: 60_000,
    what: 'the gateway',
  });
  const why = gone(daemons);
  if (why) throw new Error(why);
  return endpoint;
}

const gone = (daemons: Daemon[]) => daemons.map((daemon) => daemon.gone()).find((why) => why !== undefined);

// A monitor wants a key of its own even where authentication is off. It guards nothing.
const KEYRING = `[mon.]
\tkey = AQDAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==
\tcaps mon = "allow *"
`;
