import { type ObjectStore, openStore, StoreError } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, createRuledBucket, requires, service } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { warnOfHarmfulRules } from '../../src/lifecycle/index.ts';
import { openHarness } from '../support/harness.ts';

const settings = { RETENTION_DAYS: 7, IMAGE_KEY: 'images/{id}.{ext}' };

function createLog() {
  const lines: unknown[] = [];
  const note = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, ...fields, message });
  return { lines, log: { warn: note('warn'), debug: note('debug') } as never };
}

requires('s3').describe('the check of lifecycle rules at start', () => {
  test('each rule of the bucket that deletes too much gets one warning with its consequences', async () => {
    const bucket = await createRuledBucket([
      { ID: 'clean', Status: 'Enabled', Expiration: { Days: 20 }, Filter: { Prefix: 'prod/' } },
      { ID: 'images', Status: 'Enabled', Expiration: { Days: 90 }, Filter: { Prefix: 'prod/images/' } },
      { ID: 'ledger', Status: 'Enabled', Expiration: { Days: 400 }, Filter: { Prefix: 'prod/ledger/' } },
    ]);
    const { bucket: _bucket, ...s3 } = service('s3');
    const storeUrl = `s3://${bucket}/prod`;
    const store = await openStore({ storeUrl, dataDir: 'unused', s3, clock: systemClock });
    cleanup(() => store.close());
    const { lines, log } = createLog();
    await warnOfHarmfulRules(store, settings, log);
    const message = 'a lifecycle rule deletes objects that Darkroom needs';
    const common = { level: 'warn', store: storeUrl, message };
    const consequences = ['ledger/: a render can be bought a second time'];
    // Ceph answers in an order of its own.
    expect(lines).toHaveLength(2);
    expect(lines).toContainEqual({
      ...common,
      rule: 'ledger',
      prefix: 'prod/ledger/',
      days: 400,
      consequences,
    });
    expect(lines).toContainEqual({
      ...common,
      rule: 'clean',
      prefix: 'prod/',
      days: 20,
      consequences: expect.arrayContaining([
        ...consequences,
        'inputs/: queued and redriven renders lose their reference images, and webhooks lose their URLs',
      ]),
    });
  });
});

test('a store whose rules cannot be read is no error', async () => {
  const { lines, log } = createLog();
  const readExpiryRules = async () => {
    throw new StoreError('denied', 'read the lifecycle rules: 403 AccessDenied');
  };
  await warnOfHarmfulRules({ url: 's3://b/', readExpiryRules }, settings, log);
  expect(lines).toEqual([
    {
      level: 'debug',
      store: 's3://b/',
      err: 'read the lifecycle rules: 403 AccessDenied',
      message: 'lifecycle rules not checked',
    },
  ]);
});

requires('redis').test('a worker checks the rules of its store when it starts', async () => {
  const harness = await openHarness();
  let reads = 0;
  const readExpiryRules: ObjectStore['readExpiryRules'] = async () => {
    reads += 1;
    return [];
  };
  const store = Object.assign(Object.create(harness.store) as ObjectStore, { readExpiryRules });
  await harness.startWorker({ store });
  expect(reads).toBe(1);
});
