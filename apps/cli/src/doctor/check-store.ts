import { findHarmfulRules, listKeptObjects } from '@darkroom/shared/lifecycle';
import { assertPutIfAbsent, type ObjectStore } from '@darkroom/shared/object-store';
import { errorMessage } from '@darkroom/shared/runtime';
import { ANSWER_MS, type Check, fail, ok, type Patient, runCheck, warn } from './check.ts';
import { checkSkew } from './check-clock.ts';

/** Checks the object store: put, get, delete, its clock, put-if-absent, lifecycle rules. Writes only below `probe/`. */
export async function checkStore(patient: Patient): Promise<Check[]> {
  const { store } = patient;
  if (!store) return [];
  const written = await runCheck(
    'store',
    'Check STORE_URL, S3_ENDPOINT, the credentials and their rights.',
    () => writeProbe(store, patient),
  );
  // A store that cannot be written would repeat the same error three times.
  if (written.some(({ status, name }) => name === 'store' && status === 'fail')) return written;
  const absent = await runCheck(
    'put-if-absent',
    'Use a store that honours If-None-Match on PutObject.',
    async () => {
      await assertPutIfAbsent(store, {
        signal: AbortSignal.any([patient.signal, AbortSignal.timeout(ANSWER_MS * 3)]),
      });
      return ok('put-if-absent', 'Of several writers of one object, exactly one succeeds (I2)');
    },
  );
  return [...written, ...absent, ...(await checkLifecycle(store, patient))];
}

async function writeProbe(store: ObjectStore, { clock, signal }: Patient): Promise<Check[]> {
  const key = `probe/doctor-${crypto.randomUUID()}`;
  const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) };
  const sentAt = clock.now();
  await store.put(key, 'doctor', { contentType: 'text/plain', ...options });
  const writtenAt = (sentAt + clock.now()) / 2;
  try {
    const bytes = await store.get(key, options);
    if (!bytes || new TextDecoder().decode(bytes) !== 'doctor')
      return [fail('store', `${store.url} does not return what was written`, 'Use another store.')];
    const info = await store.head(key, options);
    await store.delete(key, options);
    if (await store.get(key, options))
      return [fail('store', `${store.url} keeps an object that was deleted`, 'Grant s3:DeleteObject.')];
    return [
      ok('store', `${store.url}: put, get and delete work`),
      ...(info ? [checkSkew('store clock', 'the store', info.modifiedAt - writtenAt)] : []),
    ];
  } finally {
    // A leftover of a few bytes does no harm.
    await store.delete(key).catch(() => undefined);
  }
}

async function checkLifecycle(store: ObjectStore, { settings, signal }: Patient): Promise<Check[]> {
  const name = 'lifecycle';
  try {
    const rules = await store.readExpiryRules({
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    const harmful = findHarmfulRules(rules, listKeptObjects(settings));
    if (harmful.length === 0) return [ok(name, 'No rule of the store deletes objects that Darkroom needs')];
    return harmful.map(({ rule, harmed }) => {
      const consequences = harmed.map(({ prefix, consequence }) => `${prefix || 'images'}: ${consequence}`);
      const age = rule.date === undefined ? `after ${rule.days} days` : 'from a date on';
      const message = `The rule ${JSON.stringify(rule.id)} deletes ${rule.fullPrefix || 'all objects'} ${age}. ${consequences.join('; ')}`;
      const remedy =
        'Remove the rule, or limit it to a prefix that it may delete (docs/operations.md, Lifecycle rules).';
      // Records are never deleted by Darkroom's own rules. Without them, money or renders are lost.
      return harmed.some(({ minDays }) => minDays === Number.POSITIVE_INFINITY)
        ? fail(name, message, remedy)
        : warn(name, message, remedy);
    });
  } catch (error) {
    return [
      warn(
        name,
        `The rules of the bucket cannot be read: ${errorMessage(error)}`,
        'Grant s3:GetLifecycleConfiguration, or check by hand that no rule deletes ledger/, renders/ or intake/.',
      ),
    ];
  }
}
