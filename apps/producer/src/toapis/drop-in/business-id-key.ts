import { renderIdFor, sha256 } from '@darkroom/shared/render';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import type { CheckedRequest } from '../../intake/index.ts';
import { findRender, type LookupDeps } from '../../lookup/index.ts';

/** Renders of one id and request that may end without an image before the next submission is told of the last. */
const MAX_ROUNDS = 20;

/**
 * The idempotency key of a submission that has a `client_business_id` and no key of its own: the same id with the same
 * request is the same render. One that ended without an image is asked for anew, as callers of the provider do; but not
 * one of which nobody knows whether it was bought (I2).
 *
 * No key that a caller can send has a blank in it.
 *
 * @param nameOf a name for the URL of an upload that does not change with its signature.
 * @throws {EngineError} and {StoreError} when either is away.
 */
export async function deriveBusinessIdKey(
  archive: LookupDeps,
  tenant: string,
  businessId: string,
  request: CheckedRequest['request'],
  nameOf: (url: string) => string | undefined,
): Promise<string> {
  const named = {
    ...request,
    image_urls: request.image_urls?.map((url) => nameOf(url) ?? url),
    mask_url: request.mask_url && (nameOf(request.mask_url) ?? request.mask_url),
  };
  const base = `business ${sha256(businessId)} ${sha256(JSON.stringify(named))}`;
  for (let round = 1; round < MAX_ROUNDS; round++) {
    const key = `${base} ${round}`;
    const snapshot = await findRender(archive, tenant, renderIdFor(tenant, key));
    if (!snapshot || !canBeRenderedAgain(snapshot)) return key;
  }
  return `${base} ${MAX_ROUNDS}`;
}

function canBeRenderedAgain({ status, error }: RenderSnapshot): boolean {
  if (status === 'canceled') return true;
  return status === 'failed' && error?.code !== 'submission_unknown';
}
