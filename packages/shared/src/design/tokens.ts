/**
 * The colors of the design: light, dark. A state has a color of its own, and a shape (see `states.ts`), because color alone
 * does not reach everybody.
 */
export const COLORS = {
  page: ['#fff', '#131416'],
  card: ['#f7f7f8', '#1c1d20'],
  line: ['#e2e3e6', '#34363b'],
  ink: ['#1b1c1f', '#ececee'],
  soft: ['#5f636b', '#a4a7ae'],
  brand: ['#8f1d14', '#ff8a7a'],
  queued: ['#5b6270', '#a9b0bd'],
  rendering: ['#0b62b8', '#6cb4ff'],
  storing: ['#6b3fc4', '#b39bff'],
  completed: ['#12703f', '#5ccf92'],
  failed: ['#b3261e', '#ff8a80'],
  canceled: ['#6b6862', '#a19c94'],
  warning: ['#8a5a00', '#ffc266'],
} as const satisfies Record<string, readonly [light: string, dark: string]>;

export const RADIUS = '.5rem';
export const FONTS = { text: 'system-ui, sans-serif', code: 'ui-monospace, monospace' } as const;

/** The tokens of the design, as custom properties of the pages. */
export const TOKENS = `
:root { color-scheme: light dark;
  --text-s: .8125rem; --text-m: .9375rem; --text-l: 1.125rem; --text-xl: 1.5rem; --text-xxl: 1.875rem;
  --space-1: .25rem; --space-2: .5rem; --space-3: .75rem; --space-4: 1rem; --space-5: 1.5rem; --space-6: 2.5rem;
  --radius: ${RADIUS}; --radius-l: .75rem;
  --font: ${FONTS.text}; --mono: ${FONTS.code};
  ${Object.entries(COLORS)
    .map(([name, [light, dark]]) => `--${name}: light-dark(${light}, ${dark});`)
    .join(' ')} }`;
