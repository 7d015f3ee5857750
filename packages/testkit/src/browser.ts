import { type Browser, chromium, type Page } from 'playwright-core';
import { cleanup } from './cleanup.ts';
import { service } from './requires.ts';

export interface WatchedPage {
  page: Page;
  /** Problems that a user does not see: console errors, script errors, requests that failed or left this machine. */
  troubles: string[];
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Opens a page in a real Chromium. It is closed when the test (from a hook: the file) is over.
 */
export async function openPage(
  viewport = { width: 1280, height: 860 },
  options: { colorScheme?: 'light' | 'dark' } = {},
): Promise<WatchedPage> {
  const browser: Browser = await chromium.launch({
    executablePath: service('browser').executable,
    args: FLAGS,
  });
  cleanup(() => browser.close());
  const page = await browser.newPage({ viewport, ...options });
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`script: ${error.message}`));
  page.on('requestfailed', (request) => {
    // The page itself canceled the request: the browser left the page while a request was running.
    if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
    troubles.push(`failed: ${request.url()}`);
  });
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1')
      troubles.push(`left this machine: ${request.url()}`);
  });
  return { page, troubles };
}
