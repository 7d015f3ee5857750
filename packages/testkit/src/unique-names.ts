import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup } from './cleanup.ts';
import { service } from './requires.ts';

/** A name no other test uses: for BullMQ prefixes and keys below a bucket. */
export function uniquePrefix(): string {
  return `t-${randomBytes(6).toString('hex')}`;
}

/** A place in the S3 bucket of this run that no other test uses: `s3://bucket/prefix`. */
export function uniqueS3Url(): string {
  return `s3://${service('s3').bucket}/${uniquePrefix()}`;
}

/** An empty folder, removed when the test (from a hook: the file) is over. */
export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-test-'));
  cleanup(() => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
