// Filters, search, keyboard, and the address: a link shows the same items to another person.

const search = /** @type {HTMLInputElement} */ (byId('search'));
const chips = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll('.chip')]);

/** Chooses the items again, and shows them. */
function refresh() {
  // While a person reviews, the list stays as it is.
  if (!dialog.open) {
    const before = shown.length;
    const first = shown[0];
    applyFilter();
    if (before !== shown.length || first !== shown[0] || cells.size === 0) drawSheet();
  }
  describeShown();
}

function describeShown() {
  const unread = wanted.query ? listUnread().length : 0;
  const parts = [];
  if (rows.length < ITEMS)
    parts.push(`Loading: ${count.format(rows.length)} of ${count.format(ITEMS)} images`);
  else if (wanted.query || wanted.filter !== 'all')
    parts.push(`${count.format(shown.length)} of ${count.format(ITEMS)} images`);
  else parts.push(`${count.format(ITEMS)} images`);
  if (isReading && unread > 0) parts.push(`reading prompts, ${count.format(unread)} files are left`);
  byId('shown').textContent = parts.join(' · ');
  const isEmpty = shown.length === 0 && rows.length >= ITEMS && !(isReading && unread > 0);
  byId('empty').hidden = !isEmpty;
  byId('empty').textContent = ITEMS === 0 ? 'This run has no images.' : describeNone();
}

function describeNone() {
  const { filter, query } = wanted;
  if (query) return `No image matches “${query}”${filter === 'all' ? '' : ` in ${NAMES[filter]}`}.`;
  if (filter === 'rejected') return 'No image is rejected. Open one and press r.';
  if (filter === 'approved') return 'No image is approved. Open one and press a.';
  return filter === 'all' ? '' : `No image is here: ${NAMES[filter].toLowerCase()}.`;
}

/** @param {Partial<typeof wanted>} change */
function choose(change) {
  Object.assign(wanted, change);
  for (const chip of chips) {
    const isChosen = chip.dataset.filter === wanted.filter;
    chip.setAttribute('aria-pressed', String(isChosen));
    // In a narrow window the filters are a strip.
    if (isChosen && chip.parentElement) chip.parentElement.scrollLeft = chip.offsetLeft - 40;
  }
  if (search.value !== wanted.query) search.value = wanted.query;
  current = 0;
  applyFilter();
  drawSheet();
  if (wanted.query) void readPrompts(onPrompts);
  describeShown();
  const tools = /** @type {HTMLElement} */ (document.querySelector('.tools'));
  const top = sheet.getBoundingClientRect().top - tools.offsetHeight;
  // The first of the new items is below the filters.
  if (top < 0) window.scrollBy({ top: top - 16, behavior: 'instant' });
}

let isPlanned = false;
/** Searches again, but not for each file. */
function onPrompts() {
  if (isPlanned) return;
  isPlanned = true;
  setTimeout(() => {
    isPlanned = false;
    refresh();
  }, 100);
}

function writeHash() {
  const item = openedItem();
  const row = item === undefined ? undefined : rows[item];
  const hash = new URLSearchParams();
  if (wanted.filter !== 'all') hash.set('filter', wanted.filter);
  if (wanted.query) hash.set('q', wanted.query);
  if (row) hash.set('item', row[0]);
  if (row && row[1] !== null) hash.set('view', row[1]);
  const text = hash.toString();
  history.replaceState(null, '', text ? `#${text}` : location.pathname + location.search);
}

/** An item that the address names, until the index has it. @type {{ key: string, view: string | null } | undefined} */
let awaited;

function readHash() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const filter = hash.get('filter') ?? 'all';
  const isKnown = chips.some((chip) => chip.dataset.filter === filter);
  const key = hash.get('item');
  awaited = key === null ? undefined : { key, view: hash.get('view') };
  if (dialog.open) closeDetail();
  choose({ filter: isKnown ? /** @type {Filter} */ (filter) : 'all', query: hash.get('q') ?? '' });
  openAwaited();
}

function openAwaited() {
  if (!awaited) return;
  const { key, view } = awaited;
  const at = shown.findIndex((item) => rows[item]?.[0] === key && rows[item]?.[1] === view);
  if (at < 0) return;
  awaited = undefined;
  void openDetail(at);
}

function showReviews() {
  for (const verdict of /** @type {const} */ (['rejected', 'approved'])) {
    const chip = chips.find((one) => one.dataset.filter === verdict);
    const found = rows.filter((row) => reviewOf(row)?.verdict === verdict).length;
    if (!chip) continue;
    /** @type {HTMLElement} */ (chip.querySelector('b')).textContent = count.format(found);
    chip.toggleAttribute('data-zero', found === 0);
  }
  const item = openedItem();
  if (item !== undefined) redrawItem(item);
  showReview();
  showOutbox();
  if (wanted.filter === 'rejected' || wanted.filter === 'approved') refresh();
}

function showOutbox() {
  const isLocal = place.reviews === null;
  const isShown = outbox.size > 0 && (isLocal || problem !== '') && !dialog.open;
  byId('outbox').hidden = !isShown;
  if (!isShown) return;
  const number = `${count.format(outbox.size)} ${outbox.size === 1 ? 'review' : 'reviews'}`;
  byId('outbox-text').textContent = isLocal
    ? `${number} in this ${isKept ? 'browser' : 'tab'} only`
    : `${number} not saved. ${problem}`;
  byId('outbox-act').textContent = isLocal ? 'Download reviews.json' : 'Try again';
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const isTyping = target.matches('input, textarea');
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape' && target === search) {
    search.value = '';
    choose({ query: '' });
    writeHash();
    focusTile(0);
    return;
  }
  if (event.key === 'Enter' && target === search) return focusTile(0);
  if (isTyping) return;
  if (event.key === '/') {
    if (dialog.open) return;
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  if (dialog.open ? moveInDialog(event.key) : moveInSheet(event.key, target)) event.preventDefault();
}

/** @param {string} key @returns {boolean} whether it did something */
function moveInDialog(key) {
  if (key === 'ArrowRight' && opened < shown.length - 1) void openDetail(opened + 1);
  else if (key === 'ArrowLeft' && opened > 0) void openDetail(opened - 1);
  else if (key === 'a') void judge(openedItem(), 'approved');
  else if (key === 'r')
    void judge(openedItem(), 'rejected').then(() => byId('d-more').hidden || note.focus());
  else return false;
  return true;
}

/** @param {string} key @param {HTMLElement} target @returns {boolean} whether it did something */
function moveInSheet(key, target) {
  if (key === 'a' || key === 'r') {
    if (!target.matches('.tile')) return false;
    const item = shown[current];
    void judge(item, key === 'a' ? 'approved' : 'rejected').then(
      () => item !== undefined && redrawItem(item),
    );
    return true;
  }
  if (!target.matches('.tile') && target !== document.body && target !== sheet) return false;
  const isInside = target.matches('.tile');
  const page = Math.max(1, Math.floor(window.innerHeight / (layout.height + layout.gap))) * layout.columns;
  /** @type {Record<string, number>} */
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: layout.columns, ArrowUp: -layout.columns };
  if (isInside) Object.assign(moves, { PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity });
  const move = moves[key];
  if (move === undefined) return false;
  focusTile(isInside ? current + move : current);
  return true;
}

for (const chip of chips)
  chip.onclick = () => {
    choose({ filter: /** @type {Filter} */ (chip.dataset.filter) });
    writeHash();
  };
let typed = 0;
search.oninput = () => {
  clearTimeout(typed);
  typed = window.setTimeout(() => {
    choose({ query: search.value.trim() });
    writeHash();
  }, 120);
};
sheet.onclick = (event) => {
  const tile = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('.tile'));
  if (!tile) return;
  current = Number(tile.dataset.at);
  void openDetail(current);
};
byId('outbox-act').onclick = () => {
  if (place.reviews === null) downloadReviews();
  else void sendReviews();
};
addEventListener('keydown', onKey);
addEventListener('hashchange', readHash);
onDetail = () => {
  writeHash();
  if (dialog.open) return showOutbox();
  refresh();
  showOutbox();
};
onReviews = showReviews;
onIndex = () => {
  refresh();
  openAwaited();
};
for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll('time[datetime]')))
  if ('clock' in time.dataset) time.textContent = clock.format(new Date(time.dateTime));
const [began, ended] = [...document.querySelectorAll('#when time')].map(
  (time) => new Date(time.getAttribute('datetime') ?? ''),
);
if (began && ended) byId('when').textContent = dateTime.formatRange(began, ended);

/** Begins when the first items are there. */
async function start() {
  readHash();
  await loadReviews();
}
addEventListener('DOMContentLoaded', () => {
  void loadIndex().then(showReviews);
  void start();
});
