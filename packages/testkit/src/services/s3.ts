import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startCeph } from '../ceph/index.ts';
import type { Finding, S3Service } from '../service-types.ts';
import { createBucket } from './bucket.ts';
import { startContainer } from './docker.ts';

/** Finds or starts a real S3 server that honours `If-None-Match: *`, which Darkroom's ledger needs. */
export async function findS3(cacheDir: string): Promise<Finding<S3Service>> {
  const credentials = {
    region: process.env['TEST_S3_REGION'] ?? 'us-east-1',
    accessKeyId: process.env['TEST_S3_ACCESS_KEY_ID'] ?? `test${randomBytes(8).toString('hex')}`,
    secretAccessKey: process.env['TEST_S3_SECRET_ACCESS_KEY'] ?? randomBytes(20).toString('hex'),
    bucket: process.env['TEST_S3_BUCKET'] ?? 'darkroom-test',
  };

  const endpoint = process.env['TEST_S3_ENDPOINT'];
  if (endpoint) return finishSetup({ endpoint, ...credentials }, 'TEST_S3_ENDPOINT', async () => {});

  const container = await startContainer({
    image: 'rustfs/rustfs:latest',
    port: 9000,
    command: ['/data'],
    env: { RUSTFS_ACCESS_KEY: credentials.accessKeyId, RUSTFS_SECRET_KEY: credentials.secretAccessKey },
  });
  if (container) {
    const at = `http://${container.host}:${container.port}`;
    return finishSetup({ endpoint: at, ...credentials }, 'Docker', container.stop);
  }

  const ceph = await startCeph(join(cacheDir, 'ceph'), credentials);
  if ('reason' in ceph) return { found: false, reason: ceph.reason };
  return finishSetup({ endpoint: ceph.endpoint, ...credentials }, "Ceph from Debian's packages", ceph.stop);
}

async function finishSetup(
  service: S3Service,
  how: string,
  stop: () => Promise<void>,
): Promise<Finding<S3Service>> {
  try {
    await createBucket(service);
    return { found: true, service, how, stop };
  } catch (error) {
    await stop();
    return { found: false, reason: `no bucket on ${service.endpoint}: ${(error as Error).message}` };
  }
}
