import { FAULT_KINDS, type FaultRule, isFaultKind, type ParamType, ROUTES } from './fault-kinds.ts';

const MATCH_PARAMS: Record<string, ParamType> = {
  route: 'string',
  promptIncludes: 'string',
  clientBusinessId: 'string',
  taskId: 'string',
  rate: 'number',
  times: 'number',
  skip: 'number',
};

const PARAM_TEXT: Record<ParamType, string> = {
  number: 'a number',
  string: 'a string',
  httpStatus: '200 or an HTTP status from 400 to 599',
};

export type ParsedRule = { ok: true; rule: FaultRule } | { ok: false; problem: string };

/** Checks a rule in JSON form. */
export function parseRule(input: unknown): ParsedRule {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, problem: 'a fault rule must be an object with a kind' };
  }
  const rule = input as Record<string, unknown>;
  if (typeof rule['kind'] !== 'string' || !isFaultKind(rule['kind'])) {
    return { ok: false, problem: `unknown simulator fault ${JSON.stringify(rule['kind'])}` };
  }
  const params: Record<string, ParamType> = {
    ...FAULT_KINDS[rule['kind']].params,
    ...MATCH_PARAMS,
  };
  for (const [name, value] of Object.entries(rule)) {
    if (name === 'kind' || value === undefined) continue;
    const expected = params[name];
    if (expected === undefined) return { ok: false, problem: `fault ${rule['kind']} has no ${name}` };
    if (!isValidParam(value, expected)) {
      return { ok: false, problem: `${name} of fault ${rule['kind']} must be ${PARAM_TEXT[expected]}` };
    }
  }
  const rate = rule['rate'];
  if (typeof rate === 'number' && rate > 1) return { ok: false, problem: 'rate must be from 0 to 1' };
  if (rule['route'] !== undefined && !ROUTES.some((route) => route === rule['route'])) {
    return { ok: false, problem: `route must be one of ${ROUTES.join(', ')}` };
  }
  return { ok: true, rule: rule as unknown as FaultRule };
}

function isValidParam(value: unknown, expected: ParamType): boolean {
  if (expected === 'string') return typeof value === 'string';
  if (typeof value !== 'number' || !(value >= 0)) return false;
  return expected === 'number' || value === 200 || (Number.isInteger(value) && value >= 400 && value <= 599);
}

/** Reads `name=value` words into a rule. Values become numbers where the kind has a number. */
function parseWords(kind: string, words: readonly string[]): ParsedRule {
  const rule: Record<string, unknown> = { kind };
  const params: Record<string, ParamType> = isFaultKind(kind)
    ? { ...FAULT_KINDS[kind].params, ...MATCH_PARAMS }
    : {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) return { ok: false, problem: `expected name=value instead of "${word}"` };
    const name = word.slice(0, at);
    const value = word.slice(at + 1);
    rule[name] = (params[name] ?? 'string') === 'string' ? value : Number(value);
  }
  return parseRule(rule);
}

/** Parses the form of the command line: `kind=rate[,name=value…]`, or `kind[,name=value…]` without a rate. */
export function parseFaultFlag(flag: string): ParsedRule {
  const [head = '', ...words] = flag.split(',').map((word) => word.trim());
  const [kind = '', rate] = head.split('=', 2);
  return parseWords(kind, rate === undefined ? words : [`rate=${rate}`, ...words]);
}

const DIRECTIVE = /\[\[sim:\s*([a-z0-9_]+)((?:\s+[^\s\]]+)*)\s*\]\]/gi;

/** Parses all directives of a prompt: `[[sim:kind name=value …]]`. */
export function parseDirectives(prompt: string): ParsedRule[] {
  if (!prompt.includes('[[sim:')) return [];
  return [...prompt.matchAll(DIRECTIVE)].map(([, kind = '', words = '']) =>
    parseWords(
      kind,
      words.split(/\s+/).filter((word) => word !== ''),
    ),
  );
}

export function stripDirectives(prompt: string): string {
  return prompt.replace(DIRECTIVE, ' ').replace(/\s+/g, ' ').trim();
}
