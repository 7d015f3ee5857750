/** The codes with which file hosts say that a URL has expired or that its file is gone. */
const GONE_CODES = /^(NoSuchKey|AccessDenied|ExpiredToken|RequestExpired|BlobNotFound|AuthenticationFailed)$/;

/** The characters of a body that are read for its error document. */
export const MAX_DOCUMENT_CHARACTERS = 16_384;

/**
 * Whether the file host itself says that it does not have the file, or not any more. Object stores answer with an XML
 * document, the provider with its JSON envelope. The page of a gateway says nothing about the file.
 */
export function isGoneDocument(body: string): boolean {
  const [, code] = /^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>][^]*?<Code>([^<]*)<\/Code>/.exec(body) ?? [];
  return code === undefined ? isProviderEnvelope(body) : GONE_CODES.test(code.trim());
}

function isProviderEnvelope(body: string): boolean {
  try {
    const { error, success, message } = JSON.parse(body) as Record<string, unknown>;
    if (success === false) return typeof message === 'string';
    const { code, type, message: text } = error as Record<string, unknown>;
    return typeof text === 'string' && (code ?? type) !== undefined;
  } catch {
    return false;
  }
}
