export interface ImageType {
  mime: 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif';
  extension: 'jpg' | 'png' | 'webp' | 'gif';
}

/** The type of an image by its first bytes, whatever its name says. */
export function detectImageType(bytes: Buffer): ImageType | undefined {
  const starts = (text: string, at = 0): boolean => bytes.toString('latin1', at, at + text.length) === text;
  if (starts('\xff\xd8\xff')) return { mime: 'image/jpeg', extension: 'jpg' };
  if (starts('\x89PNG\r\n\x1a\n')) return { mime: 'image/png', extension: 'png' };
  if (starts('RIFF') && starts('WEBP', 8)) return { mime: 'image/webp', extension: 'webp' };
  if (starts('GIF87a') || starts('GIF89a')) return { mime: 'image/gif', extension: 'gif' };
  return undefined;
}
