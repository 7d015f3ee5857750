import type { ProblemList } from '@darkroom/catalogue';
import { formatCount, type Style, showSafely } from '../../output/index.ts';

/** Problems for people, one per line, with the file and the line in front: editors open such places. */
export function formatProblems({ listed, count }: ProblemList, path: string, style: Style): string {
  const lines = listed.map(({ in: where, line, field, message }) => {
    const file = where === 'catalogue' ? path : where;
    const place = line === null ? file : `${file}:${line}`;
    return `${style('bold', place)} ${field === null ? '' : `${showSafely(field)}: `}${showSafely(message)}\n`;
  });
  const more = count > listed.length ? `The first ${listed.length} are listed. ` : '';
  return `${lines.join('')}\n${style('red', formatCount(count, 'problem'))}. ${more}Nothing was bought.\n`;
}
