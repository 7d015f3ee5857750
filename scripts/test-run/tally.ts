/** How many of something passed, failed and were skipped. */
export class Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;

  constructor(passed: number, failed: number, skipped = 0) {
    this.passed = passed;
    this.failed = failed;
    this.skipped = skipped;
  }

  plus(other: Tally): Tally {
    return new Tally(this.passed + other.passed, this.failed + other.failed, this.skipped + other.skipped);
  }

  line(): string {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : '';
    return `${this.passed} passed, ${this.failed} failed${skipped}`;
  }
}
