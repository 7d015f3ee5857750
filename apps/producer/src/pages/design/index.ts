// The design of all pages: one set of tokens, one style of badge, card, table, button, empty state and chart.
//
// tokens.ts       type scale, spacing, colors, colors of states; light and dark
// board-theme.ts  the tokens in the names of Bull Board
// style-sheet.ts  the style sheet of the pages, made from the tokens
// states.ts       the badge of a state: a color and a shape
// elements.ts     cards, numbers, tables, empty states
// charts.ts       charts as inline SVG
// html.ts         templates that escape their values
export { BOARD_THEME } from './board-theme.ts';
export { type Column, createColumnChart } from './charts.ts';
export { card, emptyState, stat, table } from './elements.ts';
export { createStyleSheet, html, type Markup } from './html.ts';
export { stateBadge } from './states.ts';
export { PAGE_STYLES } from './style-sheet.ts';
