// The design of all pages and reports: one set of tokens, one style of badge, card, table, button, empty state and chart.
//
// tokens.ts       type scale, spacing, colors, colors of states; light and dark
// style-sheet.ts  the style sheet of the pages, made from the tokens
// states.ts       the badge of a state: a color and a shape
// elements.ts     cards, numbers, tables, forms of filters, empty states
// charts.ts       charts as inline SVG
// html.ts         templates that escape their values
export { type Column, createColumnChart } from './charts.ts';
export { card, emptyState, filterForm, stat, table } from './elements.ts';
export { createStyleSheet, html, type Markup, trustMarkup } from './html.ts';
export { stateBadge } from './states.ts';
export { PAGE_STYLES } from './style-sheet.ts';
export { COLORS, FONTS, RADIUS } from './tokens.ts';
