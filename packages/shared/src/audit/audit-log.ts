import type { ObjectStore } from '../object-store/index.ts';
import { upgradePersisted } from '../render/index.ts';
import { type AuditEntry, type AuditList, auditEntrySchema, auditKeys, auditPrefix } from './audit-entry.ts';

/** A page of a list of entries, newest first. */
export interface AuditPage {
  entries: AuditEntry[];
  /** Pass it to the next call to continue. Absent on the last page. */
  cursor?: string;
}

/** Writes an entry. Writing it again changes nothing. Throws {@link StoreError}. */
export async function writeAuditEntry(
  store: ObjectStore,
  entry: AuditEntry,
  signal?: AbortSignal,
): Promise<void> {
  const options = { contentType: 'application/json', ...(signal ? { signal } : {}) };
  const body = JSON.stringify(entry);
  await Promise.all(auditKeys(entry).map((key) => store.put(key, body, options)));
}

/** Reads a page of a list. An entry that cannot be read is left out. Throws {@link StoreError}. */
export async function listAuditEntries(
  store: ObjectStore,
  list: AuditList,
  { limit, cursor, signal }: { limit: number; cursor?: string | undefined; signal?: AbortSignal },
): Promise<AuditPage> {
  const prefix = auditPrefix(list);
  const withSignal = signal ? { signal } : {};
  const page = await store.list({
    prefix,
    limit,
    ...withSignal,
    ...(cursor === undefined ? {} : { cursor: prefix + cursor }),
  });
  const entries = await Promise.all(
    page.objects.map(async ({ key }) => {
      const bytes = await store.get(key, withSignal);
      return bytes && parseEntry(Buffer.from(bytes).toString('utf8'));
    }),
  );
  return {
    entries: entries.filter((entry) => entry !== undefined),
    ...(page.cursor === undefined ? {} : { cursor: page.cursor.slice(prefix.length) }),
  };
}

function parseEntry(text: string): AuditEntry | undefined {
  try {
    return auditEntrySchema.parse(upgradePersisted('audit-entry', JSON.parse(text)));
  } catch {
    return undefined;
  }
}
