import type { Liquid, LiquidError } from 'liquidjs';
import { CLOCK_MESSAGE, RANDOM_FILTERS } from './engine.ts';

/** A prompt template that can be filled. */
export interface PromptTemplate {
  /** The variables that it reads, with their first place in the template. */
  variables: PromptVariable[];
  /** Fills it. Blanks at both ends are removed. @throws {TemplateError} */
  fill(scope: object): string;
}

export interface PromptVariable {
  /** `color`, or `row["Product name"]` as `row` and `Product name`. */
  path: string[];
  /** In the template, from 1. */
  line: number;
}

export class TemplateError extends Error {
  /** In the template, from 1. */
  readonly line: number;
  constructor(message: string, line: number, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TemplateError';
    this.line = line;
  }
}

/** `"now" | date` in the text of a template, so that it is found without a row. */
const CLOCK_TEXT = /(["'])(?:now|today)\1\s*\|\s*date/;

/** Compiles a template. @throws {TemplateError} */
export function compilePrompt(engine: Liquid, text: string): PromptTemplate {
  const clock = CLOCK_TEXT.exec(text);
  if (clock) throw new TemplateError(CLOCK_MESSAGE, text.slice(0, clock.index).split('\n').length);
  const attempt = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw toTemplateError(error);
    }
  };
  const templates = attempt(() => engine.parse(text));
  const { globals } = attempt(() => engine.analyzeSync(templates));
  const variables = Object.values(globals)
    .flat()
    .map(({ segments, location }) => ({
      path: segments.filter((segment) => typeof segment === 'string'),
      line: location.row,
    }));
  return {
    variables,
    fill: (scope) => attempt(() => String(engine.renderSync(templates, scope)).trim()),
  };
}

function toTemplateError(error: unknown): TemplateError {
  const { message, token, originalError } = error as LiquidError & { originalError?: Error };
  const [line = 1] = token?.getPosition?.() ?? [];
  const text = (originalError?.message ?? message).replace(/, (?:file:.*, )?line:\d+, col:\d+[^]*$/, '');
  const filter = /undefined filter: (\w+)/.exec(text)?.[1];
  if (filter && RANDOM_FILTERS.includes(filter))
    return new TemplateError(
      `the filter ${filter} gives another result each time, so every image would be a new one each night`,
      line,
      { cause: error },
    );
  return new TemplateError(text.split('\n', 1)[0] ?? 'the template is wrong', line, { cause: error });
}
