import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import {
  type FaultAt,
  type FaultKind,
  type FaultPoint,
  type FaultRule,
  getFaultPoint,
  isRepeating,
  type Route,
} from './fault-kinds.ts';
import { parseDirectives } from './fault-syntax.ts';

/** The request or task that rules are matched with. */
export interface FaultSubject {
  route: Route;
  prompt?: string;
  clientBusinessId?: string | null;
  taskId?: string;
}

export interface FaultState {
  rule: FaultRule;
  /** How often the fault was applied. */
  fired: number;
  /** How often it can still be applied. null means no limit. */
  left: number | null;
}

/** The active faults. Directives in the prompt are tried first, then the rules in the order of their addition. */
export interface FaultControl {
  /** Adds a rule and returns its state, which stays up to date. */
  add(rule: FaultRule): FaultState;
  /** Replaces all rules. */
  set(rules: readonly FaultRule[]): void;
  clear(): void;
  list(): FaultState[];
  /** How often each kind was applied since the start, directives included. */
  fired(): Partial<Record<FaultKind, number>>;
}

class ScheduledRule implements FaultState {
  readonly rule: FaultRule;
  fired = 0;
  left: number | null;
  /** The end of a `forMs` rule's time window, by task. */
  readonly windows = new Map<string, number>();
  #skip: number;

  constructor(rule: FaultRule) {
    this.rule = rule;
    this.left = rule.times ?? (rule.rate === undefined ? 1 : null);
    this.#skip = rule.skip ?? 0;
  }

  matches(subject: FaultSubject): boolean {
    const { rule } = this;
    if (rule.promptIncludes !== undefined && subject.prompt?.includes(rule.promptIncludes) !== true)
      return false;
    if (rule.clientBusinessId !== undefined && rule.clientBusinessId !== subject.clientBusinessId)
      return false;
    return rule.taskId === undefined || rule.taskId === subject.taskId;
  }

  tryApply(random: Random): boolean {
    if (this.left === 0) return false;
    if (this.#skip > 0) {
      this.#skip -= 1;
      return false;
    }
    if (this.rule.rate !== undefined && random() >= this.rule.rate) return false;
    if (this.left !== null) this.left -= 1;
    return true;
  }

  toJSON(): FaultState {
    return { rule: this.rule, fired: this.fired, left: this.left };
  }
}

export class FaultSchedule implements FaultControl {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timeScale: number;
  #rules: ScheduledRule[] = [];
  /** Rules from directives in prompts, by the task or request that they apply to. */
  readonly #directives = new Map<string, ScheduledRule>();
  readonly #fired: Partial<Record<FaultKind, number>> = {};

  constructor(clock: Clock, random: Random, timeScale: number) {
    this.#clock = clock;
    this.#random = random;
    this.#timeScale = timeScale;
  }

  add(rule: FaultRule): FaultState {
    const scheduled = new ScheduledRule(rule);
    this.#rules.push(scheduled);
    return scheduled;
  }

  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => new ScheduledRule(rule));
  }

  clear(): void {
    this.#rules = [];
    this.#directives.clear();
  }

  list(): FaultState[] {
    return this.#rules.map((rule) => rule.toJSON());
  }

  fired(): Partial<Record<FaultKind, number>> {
    return { ...this.#fired };
  }

  /** Returns the fault to apply to this subject at this point, if any, and counts it as applied. */
  take<P extends FaultPoint>(point: P, subject: FaultSubject): FaultAt<P> | undefined {
    if (this.#rules.length === 0 && subject.prompt?.includes('[[sim:') !== true) return undefined;
    for (const rule of [...this.#readDirectives(point, subject), ...this.#rules]) {
      if (getFaultPoint(rule.rule.kind) !== point || !rule.matches(subject)) continue;
      if (!this.#isForRoute(rule, point, subject)) continue;
      if (!this.#tryApply(rule, subject)) continue;
      rule.fired += 1;
      this.#fired[rule.rule.kind] = (this.#fired[rule.rule.kind] ?? 0) + 1;
      return rule.rule as FaultAt<P>;
    }
    return undefined;
  }

  #isForRoute(rule: ScheduledRule, point: FaultPoint, subject: FaultSubject): boolean {
    if (point !== 'request' && point !== 'delay') return true;
    return (rule.rule.route ?? 'submit') === subject.route;
  }

  #tryApply(rule: ScheduledRule, subject: FaultSubject): boolean {
    const forMs = 'forMs' in rule.rule && rule.rule.kind !== 'unknown_status' ? rule.rule.forMs : undefined;
    if (forMs === undefined || subject.taskId === undefined) return rule.tryApply(this.#random);
    const until = rule.windows.get(subject.taskId);
    if (until !== undefined) return this.#clock.now() < until;
    if (!rule.tryApply(this.#random)) return false;
    rule.windows.set(subject.taskId, this.#clock.now() + forMs * this.#timeScale);
    return true;
  }

  #readDirectives(point: FaultPoint, subject: FaultSubject): ScheduledRule[] {
    return parseDirectives(subject.prompt ?? '').flatMap((parsed, index) => {
      if (!parsed.ok || getFaultPoint(parsed.rule.kind) !== point) return [];
      const { rule } = parsed;
      const perTask = point === 'query' || point === 'download';
      const once = perTask && !isRepeating(rule.kind);
      const rate = rule.rate ?? (once || rule.times !== undefined ? undefined : 1);
      const target =
        (perTask ? subject.taskId : undefined) ?? subject.clientBusinessId ?? subject.prompt ?? '';
      const key = `${index} ${target} ${JSON.stringify(rule)}`;
      const existing = this.#directives.get(key);
      if (existing !== undefined) return [existing];
      const created = new ScheduledRule(rate === undefined ? rule : { ...rule, rate });
      this.#directives.set(key, created);
      return [created];
    });
  }
}
