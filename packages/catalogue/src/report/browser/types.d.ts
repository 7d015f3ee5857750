// What the parts of the script share. They are one classic script in the page, so they have no imports.

type State = 'new' | 'changed' | 'unchanged' | 'failed' | 'not_bought' | 'quarantined';
type Verdict = 'approved' | 'rejected';
type Filter = 'all' | State | Verdict;

/** `IndexRow` of `pack-items.ts`. */
type Row = [
  key: string,
  view: string | null,
  name: string,
  state: number,
  renderId: string | null,
  imageDigest: string | null,
  micros: number,
  errorCode?: string,
];

interface Image {
  key: string;
  sha256: string;
  bytes: number;
  width: number;
  height: number;
  content_type: string;
}

/** `ItemDetail` of `pack-items.ts`. */
interface Detail {
  line: number;
  prompt: string;
  model: string;
  size: string | null;
  resolution: string;
  references: string[];
  sourceHash: string;
  run: string | null;
  image: Image | null;
  cost: { spent: string; refunded: string; possibly_spent: string };
  error: { code: string; message: string } | null;
  finishedAt: string | null;
  changes: string[];
  previous: {
    image: Image;
    name: string;
    renderId: string | null;
    run: string | null;
    prompt: string;
    finishedAt: string | null;
  } | null;
}

/** `Place` of `place.ts`. */
interface Place {
  kind: 'store' | 'api' | 'export';
  runs: string;
  image: string | null;
  other: string;
  previous: string | null;
  thumbnail: string;
  reviews: string | null;
}

/** A review as `reviews.json`, the API and the store have it. A digest may be short, see `SHORT_DIGEST`. */
interface Review {
  key: string;
  view: string | null;
  /** Cleared: the review is taken back. */
  verdict: Verdict | 'cleared';
  note: string | null;
  prompt: string | null;
  image_sha256: string | null;
  source_hash: string | null;
  reviewed_at: string;
  actor?: string;
}

type Message =
  | ['place', Place]
  | ['index', [number, Row[]]]
  | ['items', [number, Detail[]]]
  | ['reviews', Review[]];

interface Window {
  darkroom?: { push(message: Message): void } | Message[];
}
