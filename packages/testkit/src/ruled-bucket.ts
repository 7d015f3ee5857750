import {
  CreateBucketCommand,
  DeleteBucketCommand,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { cleanup } from './cleanup.ts';
import { service } from './requires.ts';
import { uniquePrefix } from './unique-names.ts';

/** Creates a bucket with lifecycle rules in the S3 of this run. It is removed after the test, if it is empty. */
export async function createRuledBucket(rules: LifecycleRule[]): Promise<string> {
  const { endpoint, region, bucket: _bucket, ...credentials } = service('s3');
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const Bucket = uniquePrefix();
  await client.send(new CreateBucketCommand({ Bucket }));
  cleanup(async () => {
    await client.send(new DeleteBucketCommand({ Bucket })).catch(() => undefined);
    client.destroy();
  });
  if (rules.length > 0) {
    const LifecycleConfiguration = { Rules: rules };
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  }
  return Bucket;
}
