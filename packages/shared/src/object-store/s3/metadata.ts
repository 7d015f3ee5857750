/** HTTP headers allow printable ASCII, and lose blanks at both ends. All other characters are percent-encoded. */
const UNSAFE = /[^\x20-\x7e]|%|^ +| +$/gu;

export function encodeMetadata(metadata: Record<string, string>): Record<string, string> {
  return mapMetadata(metadata, (value) => value.replace(UNSAFE, percentEncode));
}

/** Values that do not decode stay as they are: another program may have written them. */
export function decodeMetadata(metadata: Record<string, string> = {}): Record<string, string> {
  return mapMetadata(metadata, (value) => {
    try {
      return decodeURIComponent(value);
    } catch {
      return value;
    }
  });
}

function percentEncode(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

function mapMetadata(
  metadata: Record<string, string>,
  map: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), map(value)]),
  );
}
