import { describe, inject, test } from 'vitest';
import { howToGet, type ServiceName, type Services } from './service-types.ts';

/**
 * `describe` and `test` for tests that need these servers. If a server is missing, the tests are skipped and the run
 * prints a line about it. With `CI=true` they fail: a green run that tested nothing is worse.
 *
 * @example requires('redis', 's3').describe('a killed worker buys nothing twice', () => { … })
 */
export function requires(...names: ServiceName[]): {
  describe: (name: string, body: () => void) => void;
  test: (name: string, body: () => Promise<void> | void, timeout?: number) => void;
} {
  const missing = names.filter((name) => !inject('services')[name]);
  if (missing.length === 0) {
    return {
      describe: (name, body) => void describe(name, body),
      test: (name, body, timeout) => test(name, body, timeout),
    };
  }
  if (!process.env['CI'] || process.env['CI'] === 'false') {
    return { describe: (name, body) => void describe.skip(name, body), test: (name) => test.skip(name) };
  }
  const refuse = () => {
    throw new Error(missing.map((name) => `${name} is missing: ${howToGet[name]}`).join('; '));
  };
  return {
    describe: (name) => void describe(name, () => test(`has ${missing.join(' and ')}`, refuse)),
    test: (name) => test(name, refuse),
  };
}

/** A service that {@link requires} has checked. Call it in hooks and tests, not while vitest collects them. */
export function service<N extends ServiceName>(name: N): NonNullable<Services[N]> {
  const found = inject('services')[name];
  if (!found) throw new Error(`${name} is missing: call requires('${name}') first`);
  return found as NonNullable<Services[N]>;
}
