// style.ts     colours, and texts without control characters
// table.ts     tables, and lists of names and values
// units.ts     durations, times and counts
// progress.ts  progress with rate and remaining time
export { openProgress } from './progress.ts';
export { createStyle, type Style, showSafely } from './style.ts';
export { formatFacts, formatTable } from './table.ts';
export { formatCount, formatDuration, formatTime } from './units.ts';
