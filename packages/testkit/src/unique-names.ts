import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup } from './cleanup.ts';
import { service } from './requires.ts';

/** Creates a name that no other test uses: for BullMQ prefixes and keys in a bucket. */
export function uniquePrefix(): string {
  return `t-${randomBytes(6).toString('hex')}`;
}

/** Creates a URL in the S3 bucket of this run that no other test uses: `s3://bucket/prefix`. */
export function uniqueS3Url(): string {
  return `s3://${service('s3').bucket}/${uniquePrefix()}`;
}

/**
 * Creates an empty folder. It is removed when the test (from a hook: the file) is over, together with everything beside
 * it: the standalone app keeps the simulator's data in `<DATA_DIR>-simulator`.
 */
export async function tempDir(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'darkroom-test-'));
  cleanup(() => rm(parent, { recursive: true, force: true, maxRetries: 3 }));
  const dir = join(parent, 'data');
  await mkdir(dir);
  return dir;
}
