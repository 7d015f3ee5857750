import { renderIdFor, sha256 } from '@darkroom/shared/render';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import type { CheckedRequest } from '../../intake/index.ts';
import { findRender, type LookupDeps } from '../../lookup/index.ts';

/**
 * Maximum number of renders of one id and request. After so many renders without an image, each submission gets the
 * last one.
 */
const MAX_ROUNDS = 20;

/**
 * The idempotency key of a submission that has a `client_business_id` and no key of its own. The same id with the same
 * request is the same render. A render that ended without an image is rendered again, as ToAPIs' clients expect. But a
 * render whose purchase has an unknown outcome is not (I2).
 *
 * Callers' keys contain no line break, so a derived key never equals one of them.
 *
 * @param nameUpload names the URL of an upload independently of its signature.
 * @throws {EngineError} and {StoreError} when the queue or the store is away.
 */
export async function deriveBusinessIdKey(
  lookup: LookupDeps,
  tenant: string,
  businessId: string,
  request: CheckedRequest['request'],
  nameUpload: (url: string) => string | undefined,
): Promise<string> {
  const named = {
    ...request,
    image_urls: request.image_urls?.map((url) => nameUpload(url) ?? url),
    mask_url: request.mask_url && (nameUpload(request.mask_url) ?? request.mask_url),
  };
  const base = `business\n${sha256(businessId)} ${sha256(JSON.stringify(named))}`;
  for (let round = 1; round < MAX_ROUNDS; round++) {
    const key = `${base} ${round}`;
    const snapshot = await findRender(lookup, tenant, renderIdFor(tenant, key));
    if (!snapshot || !canBeRenderedAgain(snapshot)) return key;
  }
  return `${base} ${MAX_ROUNDS}`;
}

function canBeRenderedAgain({ status, error }: RenderSnapshot): boolean {
  if (status === 'canceled') return true;
  return status === 'failed' && error?.code !== 'submission_unknown';
}
