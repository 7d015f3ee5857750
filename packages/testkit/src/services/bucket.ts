import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Service } from '../service-types.ts';
import { until } from '../until.ts';

/** Creates the bucket if it does not exist. Waits while the server is starting. */
export async function createBucket(service: S3Service): Promise<void> {
  const { endpoint, region, bucket: Bucket, ...credentials } = service;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  let failure: unknown;
  try {
    await until(
      async () => {
        try {
          await client.send(new HeadBucketCommand({ Bucket }));
          return true;
        } catch {
          await client.send(new CreateBucketCommand({ Bucket })).catch((error: unknown) => (failure = error));
          return false;
        }
      },
      { timeout: 30_000 },
    );
  } catch (error) {
    throw failure ?? error;
  } finally {
    client.destroy();
  }
}
