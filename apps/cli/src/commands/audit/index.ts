import { AUDIT_TARGETS, type AuditEntryResponse, auditEntrySchema } from '@darkroom/api';
import { Option } from 'commander';
import { defineCommand, readCount } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

interface Options {
  target?: string;
  limit: number;
}

const listCommand = defineCommand<Options>({
  path: 'audit list',
  summary: 'List what operators did, the newest first: who, when, why, and what changed.',
  options: [
    new Option('--target <kind:id>', `only actions on this target; kinds: ${AUDIT_TARGETS.join(', ')}`),
    new Option('--limit <n>', 'at most this many actions').argParser(readCount).default(20),
  ],
  examples: [
    'audit list',
    'audit list --target render:rnd_5f1c…',
    'audit list --json at,actor,action,target,reason',
  ],
  fields: Object.keys(auditEntrySchema.shape),
  uses: 'api',
  run: async ({ options: { target, limit }, api, host }) => {
    const data = await (await api()).listAudit({ target, limit });
    return { data, text: formatEntries(data, host.clock.now()) };
  },
});

const formatEntries = (entries: readonly AuditEntryResponse[], now: number) =>
  formatTable(
    ['TIME', 'ACTOR', 'BY', 'ACTION', 'TARGET', 'CHANGE', 'REASON'],
    entries.map(({ at, actor, source, action, target, before, after, reason }) => [
      formatTime(at, now),
      actor,
      source,
      action,
      `${target.kind}:${target.id}`,
      formatChange(before, after),
      showSafely(reason ?? ''),
    ]),
    'No operator has done anything.',
  );

/** The values that differ: `paused false → true`. */
function formatChange(before: AuditEntryResponse['before'], after: AuditEntryResponse['after']): string {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const show = (value: unknown) => showSafely(String(value ?? '–'));
  return [...names]
    .filter((name) => before?.[name] !== after?.[name])
    .map((name) => `${name} ${show(before?.[name])} → ${show(after?.[name])}`)
    .join(', ');
}

export const AUDIT_COMMANDS = [listCommand];
