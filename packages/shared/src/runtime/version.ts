import manifest from '../../package.json' with { type: 'json' };

/** The version of this Darkroom. All packages of a release have the same. */
export const VERSION: string = manifest.version;
