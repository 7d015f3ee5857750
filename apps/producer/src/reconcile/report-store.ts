import { type ReconcileResponse, reconcileSchema } from '@darkroom/api';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, upgradePersisted } from '@darkroom/shared/render';
import { z } from 'zod';

const PREFIX = 'reconciliations/';
/** The latest is listed first. */
const LAST_MS = 9_999_999_999_999;
const NAME = /^rec_(\d{13})([0-9a-f]{8})$/;

const storedSchema = z.object({ version: z.literal(DATA_VERSION), report: reconcileSchema });

/** The id of a report contains its time, so that its key can be derived. @param random 8 hex digits */
export const createReportId = (at: number, random: string) => `rec_${String(at).padStart(13, '0')}${random}`;

export const isReportId = (id: string): boolean => NAME.test(id);

function reportKey(id: string): string {
  const [, at = '0', random = ''] = NAME.exec(id) ?? [];
  return `${PREFIX}${String(LAST_MS - Number(at)).padStart(13, '0')}-${random}.json`;
}

/** Throws {@link StoreError}. */
export async function writeReport(
  store: ObjectStore,
  report: ReconcileResponse,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ version: DATA_VERSION, report });
  await store.put(reportKey(report.id), body, { contentType: 'application/json', signal });
}

export async function readReport(
  store: ObjectStore,
  id: string,
  signal: AbortSignal,
): Promise<ReconcileResponse | undefined> {
  const bytes = await store.get(reportKey(id), { signal });
  return bytes && parseReport(bytes);
}

/** The latest reports, the newest first. */
export async function listReports(
  store: ObjectStore,
  limit: number,
  signal: AbortSignal,
): Promise<ReconcileResponse[]> {
  const { objects } = await store.list({ prefix: PREFIX, limit, signal });
  const found = await Promise.all(objects.map(({ key }) => store.get(key, { signal })));
  return found.flatMap((bytes) => (bytes ? [parseReport(bytes)] : []));
}

function parseReport(bytes: Uint8Array): ReconcileResponse {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return storedSchema.parse(upgradePersisted('reconciliation', value)).report;
}
