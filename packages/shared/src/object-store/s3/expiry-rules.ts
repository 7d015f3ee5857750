import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ExpiryRule } from '../object-store.ts';
import { readDocumentCode } from './errors.ts';
import { createSendOptions } from './read.ts';

/** Reads the lifecycle rules of a bucket. @param base the path of the store in the bucket: empty, or with a slash at its end */
export async function readExpiryRules(
  client: S3Client,
  { bucket, base }: { bucket: string; base: string },
  signal: AbortSignal | undefined,
): Promise<ExpiryRule[]> {
  try {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
    const answer = await client.send(command, createSendOptions(signal));
    return toExpiryRules(answer.Rules ?? [], base);
  } catch (error) {
    if (readDocumentCode(error) === 'NoSuchLifecycleConfiguration') return [];
    throw error;
  }
}

/**
 * Selects the rules that delete present objects of the store. Left out are: disabled rules; rules for other versions of
 * objects, for unfinished uploads and for delete markers; rules of other paths; rules for tagged objects, because
 * Darkroom tags nothing.
 */
export function toExpiryRules(rules: readonly LifecycleRule[], base: string): ExpiryRule[] {
  return rules.flatMap((rule): ExpiryRule[] => {
    const { Days: days, Date: date } = rule.Expiration ?? {};
    if (rule.Status !== 'Enabled' || (days === undefined && date === undefined)) return [];
    const { And: and, ...single } = rule.Filter ?? {};
    if (single.Tag || (and?.Tags ?? []).length > 0) return [];
    const fullPrefix = and?.Prefix ?? single.Prefix ?? rule.Prefix ?? '';
    if (!fullPrefix.startsWith(base) && !base.startsWith(fullPrefix)) return [];
    const largerThan = and?.ObjectSizeGreaterThan ?? single.ObjectSizeGreaterThan;
    const smallerThan = and?.ObjectSizeLessThan ?? single.ObjectSizeLessThan;
    return [
      {
        id: rule.ID ?? 'without an id',
        fullPrefix,
        prefix: fullPrefix.slice(base.length),
        days: days ?? 0,
        ...(date === undefined ? {} : { date: date.getTime() }),
        ...(largerThan === undefined ? {} : { largerThan }),
        ...(smallerThan === undefined ? {} : { smallerThan }),
      },
    ];
  });
}
