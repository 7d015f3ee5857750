// Reviews: sent to the API, or kept in this browser until a person downloads them.

/** By item. @type {Map<string, Review>} */
const reviews = new Map();

/** Reviews of this browser that are not in the store, as far as it knows. @type {Map<string, Review>} */
const outbox = new Map();

const STORAGE_KEY = `darkroom reviews ${tenant}/${catalogue}`;
const SHORT = 12;
const MAX_SENT = 100;

/** Called when a review or the state of the outbox has changed. */
let onReviews = () => {};

/** @param {{ key: string, view: string | null }} item */
const itemId = ({ key, view }) => JSON.stringify([key, view]);

/** The review of an item's present image. @param {Row} row @returns {Review & { verdict: Verdict } | undefined} */
function reviewOf(row) {
  const review = reviews.get(itemId({ key: row[0], view: row[1] }));
  if (!review || review.verdict === 'cleared') return undefined;
  if ((review.image_sha256?.slice(0, SHORT) ?? null) !== row[5]) return undefined;
  return /** @type {Review & { verdict: Verdict }} */ (review);
}

/** @param {Review} review */
function addReview(review) {
  const id = itemId(review);
  const known = reviews.get(id);
  if (!known || known.reviewed_at <= review.reviewed_at) reviews.set(id, review);
}

/** Reads the reviews that came with the report, those of this browser, and those of the API. */
async function loadReviews() {
  knownReviews.forEach(addReview);
  for (const review of readStorage()) {
    // It was imported: the report has it.
    const known = reviews.get(itemId(review));
    if (known && known.reviewed_at >= review.reviewed_at) continue;
    outbox.set(itemId(review), review);
    addReview(review);
  }
  onReviews();
  if (place.reviews === null) return;
  try {
    for (let cursor = ''; ; ) {
      const response = await fetch(
        `${place.reviews}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      if (!response.ok) throw new Error(String(response.status));
      const page = await response.json();
      page.data.forEach(addReview);
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
  } catch {
    problem = 'The reviews could not be read.';
  }
  onReviews();
  await sendReviews();
}

/** @returns {Review[]} */
function readStorage() {
  try {
    const read = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]');
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

/** Whether this browser keeps them when the page is closed. */
let isKept = true;

function writeStorage() {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify([...outbox.values()]));
  } catch {
    isKept = false;
  }
}

/**
 * @param {number} at
 * @param {{ verdict: Review['verdict'], note?: string | null, prompt?: string | null }} change
 */
async function review(at, { verdict, note, prompt }) {
  const row = rows[at];
  const detail = await loadDetail(at);
  if (!row || !detail) return;
  const before = reviewOf(row);
  /** @type {Review} */
  const made = {
    key: row[0],
    view: row[1],
    verdict,
    note: note === undefined ? (before?.note ?? null) : note || null,
    prompt: prompt === undefined ? (before?.prompt ?? null) : prompt || null,
    image_sha256: detail.image?.sha256 ?? null,
    source_hash: detail.sourceHash,
    reviewed_at: new Date().toISOString(),
  };
  if (verdict !== 'rejected') made.prompt = null;
  reviews.set(itemId(made), made);
  outbox.set(itemId(made), made);
  const isStored = place.reviews !== null || knownReviews.some((one) => itemId(one) === itemId(made));
  if (verdict === 'cleared' && !isStored) outbox.delete(itemId(made));
  writeStorage();
  onReviews();
  await sendReviews();
}

let isSending = false;

/** Why reviews are still in the outbox. */
let problem = '';

/** Sends what is in the outbox to the API, if there is one. */
async function sendReviews() {
  if (place.reviews === null || isSending) return;
  isSending = true;
  try {
    while (outbox.size > 0) {
      const sent = [...outbox.values()].slice(0, MAX_SENT);
      const response = await fetch(place.reviews, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reviews: sent }),
      });
      if (!response.ok) throw new Error(await describeRefusal(response));
      for (const one of sent) if (outbox.get(itemId(one)) === one) outbox.delete(itemId(one));
      problem = '';
      writeStorage();
      onReviews();
    }
  } catch (error) {
    problem =
      error instanceof TypeError ? 'The server does not answer.' : /** @type {Error} */ (error).message;
  }
  isSending = false;
  onReviews();
}

/** @param {Response} response */
async function describeRefusal(response) {
  if (response.status === 401) return 'You are signed out. Sign in again in another tab.';
  if (response.status === 403) return 'Your key does not allow reviews.';
  const body = await response.json().catch(() => ({}));
  return String(body.detail ?? body.title ?? `The server answered ${response.status}.`);
}

/** Reviews that are only in this browser, as a file for `darkroom catalogue reviews import`. */
function downloadReviews() {
  const body = { version: 1, catalogue, tenant, run, reviews: [...outbox.values()] };
  const link = element('a');
  link.href = URL.createObjectURL(
    new Blob([JSON.stringify(body, undefined, 2)], { type: 'application/json' }),
  );
  link.download = 'reviews.json';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
