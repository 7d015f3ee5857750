import { type Settings, settingsSchema } from './settings.ts';

export interface SettingDescription {
  name: keyof Settings;
  text: string;
  /** As one would write it into the environment; absent where unset is a meaning of its own. */
  default?: string;
}

/** Every setting, or those named, in the order of the schema. */
export function describeSettings(names?: readonly (keyof Settings)[]): SettingDescription[] {
  const defaults = settingsSchema.parse({});
  return (Object.keys(settingsSchema.shape) as (keyof Settings)[])
    .filter((name) => !names || names.includes(name))
    .map((name) => {
      const value = shown(name, defaults[name]);
      const text = settingsSchema.shape[name].description ?? '';
      return value === '' ? { name, text } : { name, text, default: value };
    });
}

/** A help text of these settings, wrapped for a terminal. */
export function settingsHelp(names: readonly (keyof Settings)[]): string {
  const rows = describeSettings(names);
  const width = Math.max(...rows.map((row) => row.name.length)) + 2;
  return rows
    .map(
      (row) =>
        `  ${row.name.padEnd(width)}${row.text}${row.default === undefined ? '' : ` (${row.default})`}`,
    )
    .join('\n');
}

/** The page docs/settings.md. */
export function settingsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = describeSettings().map(
    (row) =>
      `| \`${row.name}\` | ${row.default === undefined ? '' : `\`${row.default}\``} | ${cell(row.text)} |`,
  );
  return [
    '# Settings',
    '',
    'A process reads its settings once, at start, from the environment. An empty variable counts as unset. If settings are',
    'wrong, the process reports all of them, each with its name, the expected value and the received value, and exits.',
    '',
    'A producer requires `QUEUE_URL`. A worker requires `QUEUE_URL` and `TOAPIS_API_KEY`. With `NODE_ENV=production`, both also',
    'require `STORE_URL`, and `start` requires all three.',
    '',
    '| setting | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function shown(name: keyof Settings, value: Settings[keyof Settings]): string {
  if (value === undefined) return '';
  if (name === 'PRICES') return (value as number[]).map((micros) => (micros / 1e6).toFixed(3)).join(',');
  // Lists are empty by default.
  return Array.isArray(value) ? '' : String(value);
}
