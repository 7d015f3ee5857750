import { FAILURES, type FailureInfo } from '@darkroom/api';

interface Meaning {
  title: string;
  meaning: string;
}

/** Errors that only items of a catalogue have. Others are those of renders. */
const OWN: Record<string, Meaning> = {
  deadline: {
    title: 'The deadline came first',
    meaning: 'The run stopped to buy at its deadline. The next run buys it.',
  },
  budget: {
    title: 'The budget was used up',
    meaning: 'The budget of the run did not suffice for it. The next run buys it.',
  },
  canceled: {
    title: 'The run was canceled',
    meaning: 'An operator canceled the run before this item was done. The next run buys it.',
  },
  invalid_row: {
    title: 'The row is not valid',
    meaning:
      'The row was put into quarantine: nothing was bought for it, and it keeps the image of the run before. Correct the row. The next run reads it again.',
  },
  image_lost: {
    title: 'The image is gone',
    meaning:
      'The store does not have the image any more, or has another one in its place. The next run buys it.',
  },
  reference_lost: {
    title: 'A reference image is gone',
    meaning: 'A reference image was read for the plan, and could not be read again for the purchase.',
  },
};

/** What an error means, for people. @returns `undefined` for an unknown code */
export function findMeaning(code: string): Meaning | undefined {
  const known = OWN[code] ?? (FAILURES as Record<string, FailureInfo | undefined>)[code];
  return known && { title: known.title, meaning: known.meaning };
}
