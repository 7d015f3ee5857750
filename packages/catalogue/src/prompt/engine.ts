import { type FilterImplOptions, Liquid } from 'liquidjs';

const CLOCK_WORDS = /^(now|today)$/;
/** Filters that read a time. `now` and `today` would make every night a new one. */
const DATE_FILTERS = ['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'];
/** Filters whose result is another one each time. */
export const RANDOM_FILTERS = ['sample', 'shuffle', 'random', 'rand', 'uuid'];
/** Tags that read other templates. */
const FILE_TAGS = ['render', 'include', 'layout', 'block'];
/** Of one rendering: bounds a loop that a row makes very long. */
const MEMORY_LIMIT = 1_000_000;

export const CLOCK_MESSAGE =
  'a prompt must not read the clock: "now" and "today" would make every image a new one each night';

/** A Liquid engine whose result depends on the row alone, on every machine and at every time. */
export function createEngine(): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    timezoneOffset: 0,
    locale: 'en-US',
    memoryLimit: MEMORY_LIMIT,
    // No template is read from a folder.
    templates: {},
  });
  for (const name of RANDOM_FILTERS) delete engine.filters[name];
  for (const name of FILE_TAGS) delete engine.tags[name];
  for (const name of DATE_FILTERS) {
    const original = engine.filters[name];
    const run = typeof original === 'function' ? original : original?.handler;
    if (!run) continue;
    const guarded: FilterImplOptions = function guarded(value: unknown, ...args: unknown[]) {
      if (typeof value === 'string' && CLOCK_WORDS.test(value)) throw new Error(CLOCK_MESSAGE);
      return run.call(this, value, ...args) as unknown;
    };
    engine.registerFilter(name, guarded);
  }
  return engine;
}
