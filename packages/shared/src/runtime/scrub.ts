const DATA_URI = /data:[\w.+/-]*;base64,[A-Za-z0-9+/=_-]*/g;
// The query of a URL may be a signature. The part before it is enough for people.
const URL_QUERY = /(https?:\/\/[^\s"'<>?\\]+)\?[^\s"'<>\\]*/g;
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const BEARER = /\bBearer\s+[A-Za-z0-9._~+/=-]+/gi;

/** Removes secrets from a text (I8). */
export type Scrub = (text: string) => string;

/**
 * Creates a scrubber that knows the shapes of secrets (data URIs, URL queries and credentials, bearer tokens) and the
 * configured secrets themselves.
 */
export function createScrub(secrets: readonly string[] = []): Scrub {
  const known = secrets.filter((secret) => secret.length >= 6);
  return (text) => {
    let clean = text
      .replace(DATA_URI, 'data:[redacted]')
      .replace(URL_CREDENTIALS, '$1[redacted]@')
      .replace(URL_QUERY, '$1?[redacted]')
      .replace(BEARER, 'Bearer [redacted]');
    for (const secret of known) clean = clean.replaceAll(secret, '[redacted]');
    return clean;
  };
}
