// api-keys.ts   keys: their form in the settings, making one, finding whose it is
export * from './api-keys.ts';
