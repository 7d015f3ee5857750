import type { CatalogueFinishedEvent, EventType, RenderEvent, RunEvent } from '@darkroom/api';
import type { RunSummary } from '@darkroom/catalogue';
import { type Settings } from '@darkroom/shared/config';
import { type LinkSigner } from '@darkroom/shared/keys';
import { type ObjectStore } from '@darkroom/shared/object-store';
import type { RunWebhookJob, WebhookJob } from '@darkroom/shared/queues';
import { type Receipt } from '@darkroom/shared/render';
import { type RunRecord, runResponse } from '@darkroom/shared/runs';
import { type Clock } from '@darkroom/shared/runtime';
import {
  type ImageUrls,
  type RenderSnapshot,
  renderResponse,
  snapshotFromReceipt,
} from '@darkroom/shared/snapshot';

/** How long an image URL in a webhook is valid. */
const URL_LIFETIME_MS = 3_600_000;

interface MessageDeps {
  store: ObjectStore;
  links: LinkSigner;
  settings: Settings;
  clock: Clock;
}

/** The body: the render in the form of the API, with image URLs that are signed now. @throws {StoreError} */
export async function createBody(
  job: WebhookJob,
  receipt: Receipt,
  deps: MessageDeps,
  signal: AbortSignal,
): Promise<string> {
  const base = readBase(deps.settings);
  const snapshot = snapshotFromReceipt(receipt);
  const event: RenderEvent = {
    type: `render.${job.status}` satisfies EventType,
    timestamp: new Date(job.endedAt).toISOString(),
    data: renderResponse(snapshot, base, await signImageUrls(snapshot, base, deps, signal)),
  };
  return JSON.stringify(event);
}

const readBase = ({ PUBLIC_URL, PORT }: Settings) => PUBLIC_URL ?? `http://127.0.0.1:${PORT}`;

/** The body of the webhook about an end of a run: the run as the API had it then. */
export function createRunBody({ endedAt }: RunWebhookJob, record: RunRecord, settings: Settings): string {
  const event: RunEvent = {
    type: 'run.finished',
    timestamp: new Date(endedAt).toISOString(),
    data: runResponse(record, undefined, { base: readBase(settings), now: endedAt }),
  };
  return JSON.stringify(event);
}

/** The body of the webhook about the end of a run of a catalogue. */
export function createCatalogueBody(summary: RunSummary, settings: Settings): string {
  const { tenant, catalogue, run, status, reason, requested_at, ended_at, rows, counts, removed } = summary;
  const path = `${readBase(settings)}/v1/catalogues`;
  const report = `${path}/${encodeURIComponent(`${tenant}:${catalogue}`)}/runs/${run}/report.html`;
  const event: CatalogueFinishedEvent = {
    type: 'catalogue.finished',
    timestamp: ended_at,
    data: {
      tenant,
      catalogue,
      run,
      status,
      reason,
      requested_at,
      ended_at,
      rows,
      counts,
      removed,
      cost: { ...summary.cost, currency: 'USD' },
      problems: summary.problems.count,
      manifest: summary.manifest,
      links: {
        self: `${path}/${catalogue}/runs/${run}?tenant=${tenant}`,
        report: summary.manifest ? report : null,
      },
    },
  };
  return JSON.stringify(event);
}

/** URLs of the store if it can sign them, else links to the API. If the API needs keys, the links are signed. */
async function signImageUrls(
  { renderId, tenant, image }: RenderSnapshot,
  base: string,
  { store, links, settings, clock }: MessageDeps,
  signal: AbortSignal,
): Promise<ImageUrls | undefined> {
  if (!image) return undefined;
  const expiresAt = clock.now() + URL_LIFETIME_MS;
  // The API without keys serves its own links without a signature, and without an end.
  let expires = true;
  const sign = async (key: string, path: string) => {
    const signed = await store.signedUrl(key, URL_LIFETIME_MS);
    if (signed) return signed;
    if (settings.API_KEYS.length > 0) return `${base}${await links.sign(path, tenant, expiresAt, signal)}`;
    expires = false;
    return `${base}${path}`;
  };
  const urls = {
    image: await sign(image.key, `/v1/renders/${renderId}/image`),
    thumbnail: await sign(image.thumbnailKey, `/v1/renders/${renderId}/thumbnail`),
  };
  return expires ? { ...urls, expiresAt } : urls;
}
