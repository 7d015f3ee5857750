import { type Checkpoint, DATA_VERSION, type Purchase, type StoredImage } from '@darkroom/shared/render';

export const ID = 'rnd_0123456789abcdef0123456789abcdef';
export const image: StoredImage = {
  key: `images/${ID}.png`,
  sha256: 'ab'.repeat(32),
  bytes: 9,
  width: 4,
  height: 3,
  contentType: 'image/png',
  thumbnailKey: `thumbnails/${ID}.webp`,
};
export const bought = (attempt: number, outcome: Purchase['outcome'] = 'accepted'): Purchase => ({
  provider: 'toapis',
  attempt,
  taskId: `task_${attempt}`,
  acceptedAt: 1_700_000_001_000,
  costMicros: 25_000,
  outcome,
});
export function createCheckpointAt(at: Checkpoint['at'], more: Partial<Checkpoint> = {}): Checkpoint {
  return {
    version: DATA_VERSION,
    renderId: ID,
    tenant: 'default',
    request: {
      model: 'gemini-3-pro-image-preview',
      prompt: 'x',
      resolution: '1K',
      images: [],
      priority: 'batch',
    },
    fingerprint: 'f',
    provider: 'toapis',
    creatorToken: 't',
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_005_000,
    attempt: 1,
    purchases: [],
    at,
    ...more,
  };
}
