const CHECK = { firstMs: 5_000, maxMs: 120_000 };
/** If the balance cannot be read this often, about five minutes, submissions are tried: a refused one costs nothing. */
const MAX_UNREAD_CHECKS = 6;

/**
 * How long to wait before a stopped account is checked. The wait grows with each check and each refused submission.
 *
 * @param tries checks and refusals since the stop began, from 1.
 */
export const nextAccountCheck = (tries: number): number =>
  Math.min(CHECK.firstMs * 2 ** Math.min(tries - 1, 30), CHECK.maxMs);

/**
 * Whether submissions are allowed again after the account was checked. After a lack of money, the balance must have
 * grown, or cover the cheapest waiting render. The unit of a balance depends on the account. Most units are smaller than
 * a dollar, so a balance can seem to cover more than it does: then the next submission is refused, and the next check
 * comes later.
 */
export function mayBuyAgain(check: {
  account:
    | { kind: 'usable'; remaining?: number }
    | { kind: 'empty' }
    | { kind: 'unauthorized' }
    | { kind: 'unreadable' };
  stop: { reason: 'unauthorized' | 'insufficient_quota'; balance?: number };
  /** The lowest price of a waiting render. */
  cheapestMicros: number;
  /** Checks since the last refused submission, this one included. */
  checks: number;
}): boolean {
  const { account, stop } = check;
  switch (account.kind) {
    case 'empty':
    case 'unauthorized':
      return false;
    case 'unreadable':
      return check.checks >= MAX_UNREAD_CHECKS;
    case 'usable': {
      const { remaining } = account;
      if (remaining === undefined || stop.reason === 'unauthorized') return true;
      const hasGrown = stop.balance !== undefined && remaining > stop.balance;
      return hasGrown || remaining * 1_000_000 >= check.cheapestMicros;
    }
  }
}
