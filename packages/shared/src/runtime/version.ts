import { readFileSync } from 'node:fs';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

/** The version of this Darkroom. All packages of a release have the same. */
export const VERSION = (JSON.parse(manifest) as { version: string }).version;
