import type { AccountStopped, ProviderInputs, UploadAnswer } from '@darkroom/providers';
import type { JobRequest, Reference } from '@darkroom/shared/render';
import type { Trouble } from '../decide/index.ts';
import type { Infra } from '../stage/index.ts';

export type PreparedInputs =
  | { kind: 'ready'; inputs: ProviderInputs }
  | AccountStopped
  | { kind: 'trouble'; trouble: Trouble; message: string };

type InputTrouble = Exclude<PreparedInputs, { kind: 'ready' }>;

/** Resolves a request's references. It runs before the intent is written: a failed upload has bought nothing. */
export async function prepareInputs(
  request: Pick<JobRequest, 'images' | 'mask'>,
  infra: Pick<Infra, 'settings' | 'store' | 'provider'>,
  signal: AbortSignal,
): Promise<PreparedInputs> {
  const imageUrls: string[] = [];
  for (const reference of request.images) {
    const resolved = await resolveReference(reference, infra, signal);
    if (typeof resolved !== 'string') return resolved;
    imageUrls.push(resolved);
  }
  if (!request.mask) return { kind: 'ready', inputs: { imageUrls } };
  const maskUrl = await resolveReference(request.mask, infra, signal);
  return typeof maskUrl === 'string' ? { kind: 'ready', inputs: { imageUrls, maskUrl } } : maskUrl;
}

/** Types that the provider accepts as a data URI. It accepts a GIF only as an upload. */
const INLINE_TYPES = /^image\/(jpeg|png|webp)$/;

async function resolveReference(
  reference: Reference,
  { settings, store, provider }: Pick<Infra, 'settings' | 'store' | 'provider'>,
  signal: AbortSignal,
): Promise<string | InputTrouble> {
  if (reference.kind === 'url') return reference.url;
  const bytes = await store.get(reference.key, { signal });
  if (!bytes) {
    // The input was deleted from the store while the render waited. A retry cannot succeed.
    return {
      kind: 'trouble',
      trouble: { kind: 'refused', code: 'invalid_request' },
      message: `${reference.key} is gone from the store`,
    };
  }
  if (reference.kind === 'stored-url') return Buffer.from(bytes).toString('utf8');
  if (settings.TOAPIS_INPUTS === 'inline' && INLINE_TYPES.test(reference.contentType)) {
    return `data:${reference.contentType};base64,${Buffer.from(bytes).toString('base64')}`;
  }
  const answer = await provider.upload({ bytes, contentType: reference.contentType }, signal);
  return answer.kind === 'uploaded' ? answer.url : uploadTrouble(answer);
}

function uploadTrouble(answer: Exclude<UploadAnswer, { kind: 'uploaded' }>): InputTrouble {
  switch (answer.kind) {
    case 'rate_limited':
      return { kind: 'trouble', trouble: answer, message: 'rate limited' };
    case 'not_bought':
      return { kind: 'trouble', trouble: answer, message: answer.reason };
    case 'refused':
      return { kind: 'trouble', trouble: answer, message: `upload refused: ${answer.message}` };
    case 'account':
      return answer;
  }
}
