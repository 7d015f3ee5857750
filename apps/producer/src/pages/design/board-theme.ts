import { COLORS, FONTS, RADIUS } from '@darkroom/shared/design';

/** The tokens in the names of Bull Board, for its light and its dark theme. */
export const BOARD_THEME = { light: createTheme(0), dark: createTheme(1) };

function createTheme(at: 0 | 1) {
  const color = (name: keyof typeof COLORS) => COLORS[name][at];
  const [page, card, line, ink, soft, brand] = (
    ['page', 'card', 'line', 'ink', 'soft', 'brand'] as const
  ).map(color) as [string, string, string, string, string, string];
  return {
    background: page,
    foreground: ink,
    card,
    'card-foreground': ink,
    popover: card,
    'popover-foreground': ink,
    primary: brand,
    'primary-foreground': page,
    secondary: line,
    'secondary-foreground': ink,
    muted: line,
    'muted-foreground': soft,
    accent: line,
    'accent-foreground': ink,
    destructive: color('failed'),
    'destructive-foreground': page,
    border: line,
    input: line,
    ring: color('rendering'),
    radius: RADIUS,
    'font-sans': FONTS.text,
    'font-mono': FONTS.code,
    sidebar: card,
    'sidebar-foreground': ink,
    'sidebar-border': line,
    'sidebar-accent': line,
    'sidebar-accent-foreground': ink,
    'status-failed': color('failed'),
    'status-completed': color('completed'),
    'status-active': color('rendering'),
    'status-delayed': color('storing'),
    'status-waiting': color('queued'),
    'status-prioritized': color('queued'),
    'status-waiting-children': color('warning'),
    'status-paused': color('canceled'),
  };
}
