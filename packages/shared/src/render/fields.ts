/** The closed sets and limits of the provider's contract, part A. One place; requests and simulators agree on it. */

export const MODELS = ['gemini-3-pro-image-preview', 'nano-banana-pro'] as const;
export const SIZES = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;
export const RESOLUTIONS = ['1K', '2K', '4K'] as const;
export const PRIORITIES = ['interactive', 'batch'] as const;

export const LIMITS = {
  /** Characters (Unicode code points). */
  prompt: 1000,
  images: 14,
  /** Bytes of one decoded reference image. */
  imageBytes: 10 * 1024 * 1024,
  /** Bytes of a decoded mask. */
  maskBytes: 4 * 1024 * 1024,
  url: 4096,
  metadataKeys: 32,
  /** Bytes of the metadata as JSON. */
  metadataBytes: 1024,
  idempotencyKey: 255,
} as const;

/** `data:image/{format};base64,` of the formats that the provider takes. */
export const DATA_URI = /^data:image\/(jpeg|jpg|png|webp);base64,/;
