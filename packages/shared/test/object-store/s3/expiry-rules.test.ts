import { createRuledBucket, requires, service, startHttpProxy } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { toExpiryRules } from '../../../src/object-store/s3/expiry-rules.ts';
import { openFolder, openS3, storeErrorFrom } from '../../support/stores.ts';

const Status = 'Enabled';

describe('the lifecycle rules of a bucket', () => {
  test('a rule counts for a store if its prefix covers the path of the store, or begins inside it', () => {
    const Expiration = { Days: 30 };
    const rules = ['', 'prod/', 'prod/darkroom', 'prod/darkroom/led', 'prod/other/', 'ledger/'].map(
      (Prefix) => ({ ID: Prefix, Status, Expiration, Filter: { Prefix } }) as const,
    );
    const found = toExpiryRules(rules, 'prod/darkroom/').map(({ id, prefix }) => [id, prefix]);
    expect(found).toEqual([
      ['', ''],
      ['prod/', ''],
      ['prod/darkroom', ''],
      ['prod/darkroom/led', 'led'],
    ]);
    expect(toExpiryRules(rules, '').map(({ prefix }) => prefix)).toEqual(rules.map(({ ID }) => ID));
  });

  test('prefix and sizes are read from every form of a filter, and from the old form of a rule', () => {
    const Expiration = { Days: 3 };
    const facts = { days: 3, id: 'r', fullPrefix: 'a/', prefix: 'a/' };
    const rule = { ID: 'r', Status, Expiration } as const;
    expect(toExpiryRules([{ ...rule, Prefix: 'a/' }], '')).toEqual([facts]);
    expect(toExpiryRules([{ ...rule, Filter: { Prefix: 'a/' } }], '')).toEqual([facts]);
    const sizes = { ObjectSizeGreaterThan: 10, ObjectSizeLessThan: 20 };
    const sized = { ...facts, largerThan: 10, smallerThan: 20 };
    expect(toExpiryRules([{ ...rule, Filter: { And: { Prefix: 'a/', ...sizes } } }], '')).toEqual([sized]);
    expect(toExpiryRules([{ ...rule, Filter: { ObjectSizeGreaterThan: 10 } }], '')).toEqual([
      { days: 3, id: 'r', fullPrefix: '', prefix: '', largerThan: 10 },
    ]);
    expect(toExpiryRules([{ Status, Expiration: { Date: new Date(5) } }], '')).toEqual([
      { days: 0, date: 5, id: 'without an id', fullPrefix: '', prefix: '' },
    ]);
  });

  test('rules that delete no present object of Darkroom are left out', () => {
    const Expiration = { Days: 1 };
    const tag = { Key: 'temporary', Value: 'yes' };
    const harmless = [
      { Status: 'Disabled', Expiration },
      { Status, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
      { Status, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      { Status, Expiration: { ExpiredObjectDeleteMarker: true } },
      { Status, Transitions: [{ Days: 1, StorageClass: 'STANDARD_IA' }] },
      { Status, Expiration, Filter: { Tag: tag } },
      { Status, Expiration, Filter: { And: { Prefix: '', Tags: [tag] } } },
    ] as const;
    expect(toExpiryRules(harmless as never, '')).toEqual([]);
  });

  test('a folder has no rules', async () => {
    expect(await (await openFolder()).readExpiryRules()).toEqual([]);
  });
});

requires('s3').describe('the lifecycle rules of a real bucket', () => {
  const openRuled = async (...args: Parameters<typeof createRuledBucket>) =>
    openS3({ url: `s3://${await createRuledBucket(...args)}/prod` });

  test('a store reads the enabled rules of its bucket', async () => {
    const store = await openRuled([
      { ID: 'month', Status, Expiration: { Days: 30 }, Filter: { Prefix: 'prod/images/' } },
      { ID: 'off', Status: 'Disabled', Expiration: { Days: 1 }, Filter: { Prefix: 'prod/ledger/' } },
      { ID: 'other', Status, Expiration: { Days: 1 }, Filter: { Prefix: 'test/' } },
      {
        ID: 'tagged',
        Status,
        Expiration: { Days: 1 },
        Filter: { And: { Prefix: 'prod/', Tags: [{ Key: 'temporary', Value: 'yes' }] } },
      },
      {
        ID: 'uploads',
        Status,
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
        Filter: { Prefix: '' },
      },
    ]);
    expect(await store.readExpiryRules()).toEqual([
      { id: 'month', fullPrefix: 'prod/images/', prefix: 'images/', days: 30 },
    ]);
  });

  test('a bucket without rules has none', async () => {
    expect(await (await openRuled([])).readExpiryRules()).toEqual([]);
  });

  test('missing rights, an unsupported call and an aborted signal reject', async () => {
    const proxy = await startHttpProxy(service('s3').endpoint);
    const store = await openS3({ endpoint: proxy.url });
    for (const [status, Code, code] of [
      [403, 'AccessDenied', 'denied'],
      [501, 'NotImplemented', 'misconfigured'],
      [405, 'MethodNotAllowed', 'unavailable'],
    ] as const) {
      const armed = proxy.fail({}, { status, body: `<Error><Code>${Code}</Code></Error>` });
      expect((await storeErrorFrom(store.readExpiryRules())).code).toBe(code);
      armed.remove();
    }
    const reason = new Error('enough');
    await expect(store.readExpiryRules({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
