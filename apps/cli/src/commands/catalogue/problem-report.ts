import type { Plan, ProblemList } from '@darkroom/catalogue';
import { formatCount, type Style, showSafely } from '../../output/index.ts';

type Problems = Pick<ProblemList, 'listed' | 'count'>;

/** Problems for people, one per line, with the file and the line in front: editors open such places. */
export function formatProblems(problems: Problems, path: string, style: Style): string {
  const { listed, count } = problems;
  const more = count > listed.length ? `The first ${listed.length} are listed. ` : '';
  return `${formatLines(problems, path, style)}\n${style('red', formatCount(count, 'problem'))}. ${more}Nothing was bought.\n`;
}

/** The rows that a run does not buy, although it buys the others. Empty without such rows. */
export function formatQuarantine(
  { rows, ...problems }: Plan['quarantine'],
  path: string,
  style: Style,
): string {
  if (rows === 0) return '';
  const more =
    problems.count > problems.listed.length ? `The first ${problems.listed.length} are listed. ` : '';
  return `${formatLines(problems, path, style)}${style('yellow', `${formatCount(rows, 'row')} in quarantine`)}. ${more}A run does not buy them, and keeps the images that they have.\n`;
}

const formatLines = ({ listed }: Problems, path: string, style: Style) =>
  listed
    .map(({ in: where, line, field, message }) => {
      const file = where === 'catalogue' ? path : where;
      const place = line === null ? file : `${file}:${line}`;
      return `${style('bold', place)} ${field === null ? '' : `${showSafely(field)}: `}${showSafely(message)}\n`;
    })
    .join('');
