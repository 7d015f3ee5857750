// Parameters may stand before `;base64`, and a JSON text escapes line breaks inside the data.
const DATA_URI = /data:[\w.+/-]*(?:;[\w.+-]+=[^;,\s"'\\]*)*;base64,(?:[A-Za-z0-9+/=_%-]|\\[rn])*/gi;
// The query of a URL may be a signature. The part before it is enough for people.
const URL_QUERY = /(https?:\/\/[^\s"'<>?\\]+)\?[^\s"'<>\\]*/gi;
// A link may be logged without its host, and some clouds separate a signature with `;`.
const SECRET_PARAMETER =
  /([?&;](?:sig|signature|token|secret|password|credential|api[_-]?key|x-amz-[a-z-]+)=)[^&;\s"'<>\\]+/gi;
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const BEARER = /\bBearer\s+[A-Za-z0-9._~+/=-]+/gi;
const BASIC = /\bBasic\s+([A-Za-z0-9+/_-]{4,}={0,2})/gi;

/** Removes secrets from a text (I8). */
export type Scrub = (text: string) => string;

/**
 * Creates a scrubber that knows the shapes of secrets (data URIs, URL queries, signatures and credentials, bearer tokens,
 * basic credentials) and the
 * configured secrets themselves.
 */
export function createScrub(secrets: readonly string[] = []): Scrub {
  const known = secrets.filter((secret) => secret.length >= 6);
  return (text) => {
    let clean = text
      .replace(DATA_URI, 'data:[redacted]')
      .replace(URL_CREDENTIALS, '$1[redacted]@')
      .replace(URL_QUERY, '$1?[redacted]')
      .replace(SECRET_PARAMETER, '$1[redacted]')
      .replace(BEARER, 'Bearer [redacted]')
      .replace(BASIC, (found, value: string) => (holdsCredentials(value) ? 'Basic [redacted]' : found));
    for (const secret of known) clean = clean.replaceAll(secret, '[redacted]');
    return clean;
  };
}

/** Basic credentials are `user:password` in Base64. Without this check "basic settings" would be redacted, too. */
const holdsCredentials = (value: string) => Buffer.from(value, 'base64').includes(':');
