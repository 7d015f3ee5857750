import { findBinary } from '../debian/index.ts';
import type { BrowserService, Finding } from '../service-types.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Finds a Chromium on this machine. `openPage` starts it. */
export async function findBrowser(): Promise<Finding<BrowserService>> {
  const named = process.env['TEST_CHROMIUM'];
  for (const name of named ? [named] : NAMES) {
    const executable = named ?? (await findBinary(name));
    if (executable) return { found: true, service: { executable }, how: executable, stop: async () => {} };
  }
  return { found: false, reason: 'no Chromium on the PATH' };
}
