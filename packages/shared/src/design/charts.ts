import { html, type Markup } from './html.ts';

/** One column of a chart: two amounts, one above the other. */
export interface Column {
  done: number;
  dead: number;
}

const HEIGHT = 100;
const STEP = 10;

/** Columns from the oldest to the newest. The text beside it has the totals, so the chart itself is hidden from readers. */
export function createColumnChart(columns: readonly Column[]): Markup {
  const highest = Math.max(1, ...columns.map(({ done, dead }) => done + dead));
  const scale = (HEIGHT - 2) / highest;
  const width = columns.length * STEP;
  const rect = (kind: string, index: number, from: number, amount: number) =>
    amount > 0 &&
    html`<rect class="${kind}" x="${index * STEP + 1}" y="${round(HEIGHT - 1 - (from + amount) * scale)}" width="${STEP - 2}" height="${round(amount * scale)}"/>`;
  return html`<svg class="chart" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
<rect class="axis" x="0" y="${HEIGHT - 1}" width="${width}" height="1"/>
${columns.map(({ done, dead }, index) => html`${rect('done', index, 0, done)}${rect('dead', index, done, dead)}`)}</svg>`;
}

const round = (value: number) => Math.round(value * 10) / 10;
