import { expect } from 'vitest';
import type { Harness } from './harness.ts';

/** Opens a page, and checks its headers, and that it contains no script but those of its own. */
export async function openPage(harness: Harness, path: string, headers: Record<string, string> = {}) {
  const response = await harness.get(path, { accept: 'text/html', ...headers });
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  const whole = await response.text();
  // A page reloads itself, and the page of a render has a button that copies its id.
  const text = whole.replace(/<script src="\/assets\/(copy|reload)\.js"[^>]* defer><\/script>/g, '');
  if (text === whole) expect(policy).not.toContain('script-src');
  else expect(policy).toContain("script-src 'self'");
  expect(text).not.toMatch(/<script|<[^>]*\son\w+=|(src|href)="(https?:)?\/\//i);
  return { status: response.status, text, reload: findReload(whole) };
}

/** After how many seconds a page reloads, and the path that it opens instead. */
export function findReload(page: string) {
  // Without the script, a reload would empty a form.
  expect(page).not.toMatch(/http-equiv="refresh"|<noscript/);
  const found =
    /<script src="\/assets\/reload\.js" data-seconds="(\d+)"(?: data-path="([^"]+)")? defer>/.exec(page);
  return found && [Number(found[1]), found[2]];
}
