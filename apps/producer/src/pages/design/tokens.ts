/**
 * The tokens of the design, as custom properties. The pages and the styles of Bull Board use them. A state has a color of
 * its own, and a shape (see `states.ts`), because color alone does not reach everybody.
 */
export const TOKENS = `
:root { color-scheme: light dark;
  --text-s: .8125rem; --text-m: .9375rem; --text-l: 1.125rem; --text-xl: 1.5rem; --text-xxl: 1.875rem;
  --space-1: .25rem; --space-2: .5rem; --space-3: .75rem; --space-4: 1rem; --space-5: 1.5rem; --space-6: 2.5rem;
  --radius: .5rem; --radius-l: .75rem;
  --font: system-ui, sans-serif; --mono: ui-monospace, monospace;
  --page: light-dark(#fff, #131416); --card: light-dark(#f7f7f8, #1c1d20); --line: light-dark(#e2e3e6, #34363b);
  --ink: light-dark(#1b1c1f, #ececee); --soft: light-dark(#5f636b, #a4a7ae); --brand: light-dark(#8f1d14, #ff8a7a);
  --queued: light-dark(#5b6270, #a9b0bd); --rendering: light-dark(#0b62b8, #6cb4ff); --storing: light-dark(#6b3fc4, #b39bff);
  --completed: light-dark(#12703f, #5ccf92); --failed: light-dark(#b3261e, #ff8a80); --canceled: light-dark(#6b6862, #a19c94);
  --warning: light-dark(#8a5a00, #ffc266); }`;
