// The design of all pages. Reports of catalogues have the same, so it is in packages/shared.
//
// board-theme.ts  its tokens in the names of Bull Board
export {
  type Column,
  card,
  createColumnChart,
  createStyleSheet,
  emptyState,
  filterForm,
  html,
  type Markup,
  PAGE_STYLES,
  stat,
  stateBadge,
  table,
} from '@darkroom/shared/design';
export { BOARD_THEME } from './board-theme.ts';
