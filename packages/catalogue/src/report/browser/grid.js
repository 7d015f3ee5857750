// The contact sheet. Only the tiles near the window are in the document, so its size does not depend on the items.

const sheet = byId('sheet');
const CAPTION = 46;
const OVERSCAN_ROWS = 2;
const MAX_PRINTED = 500;
const RESTING_MS = 90;
const RETRY_MS = 1_200;

/** Tiles in the document, by their place in `shown`. @type {Map<number, HTMLElement>} */
const cells = new Map();

/** The place in `shown` of the tile that has the focus, or had it last. */
let current = 0;

let layout = { columns: 1, gap: 16, width: 200, height: 260 };

function measure() {
  const width = sheet.clientWidth;
  const isNarrow = width < 600;
  const gap = isNarrow ? 12 : 20;
  const columns = Math.max(isNarrow ? 2 : 3, Math.floor((width + gap) / ((isNarrow ? 150 : 216) + gap)));
  const tile = Math.floor((width - gap * (columns - 1)) / columns);
  layout = { columns, gap, width: tile, height: tile + CAPTION };
}

/** Makes all tiles again: other items, or another width. */
function drawSheet() {
  measure();
  cells.clear();
  sheet.replaceChildren();
  const lines = Math.ceil(shown.length / layout.columns);
  sheet.style.height = `${Math.max(0, lines * (layout.height + layout.gap) - layout.gap)}px`;
  current = Math.min(current, Math.max(0, shown.length - 1));
  drawVisible();
}

/** Adds the tiles near the window, and removes the others. */
function drawVisible() {
  const step = layout.height + layout.gap;
  const top = -sheet.getBoundingClientRect().top;
  const first = Math.max(0, (Math.floor(top / step) - OVERSCAN_ROWS) * layout.columns);
  const last = (Math.ceil((top + window.innerHeight) / step) + OVERSCAN_ROWS) * layout.columns;
  keepTiles(first, Math.min(last, shown.length));
}

/** @param {number} first @param {number} end */
function keepTiles(first, end) {
  for (const [at, cell] of cells) {
    // Without its tile, the keyboard would lose its place.
    if ((at >= first && at < end) || cell.contains(document.activeElement)) continue;
    cell.remove();
    cells.delete(at);
  }
  const added = document.createDocumentFragment();
  for (let at = first; at < end; at += 1) {
    if (cells.has(at)) continue;
    const cell = createCell(at);
    cells.set(at, cell);
    added.append(cell);
  }
  sheet.append(added);
}

/** @param {number} at */
function createCell(at) {
  const { columns, gap, width, height } = layout;
  const cell = element('div', 'cell');
  cell.setAttribute('role', 'listitem');
  cell.setAttribute('aria-posinset', String(at + 1));
  cell.setAttribute('aria-setsize', String(shown.length));
  cell.style.width = `${width}px`;
  cell.style.height = `${height}px`;
  const [x, y] = [(at % columns) * (width + gap), Math.floor(at / columns) * (height + gap)];
  cell.style.transform = `translate(${x}px, ${y}px)`;
  cell.append(createTile(at));
  return cell;
}

/** @param {number} at */
function createTile(at) {
  const item = /** @type {number} */ (shown[at]);
  const row = /** @type {Row} */ (rows[item]);
  const [key, view, name, code, renderId, digest, micros, error] = row;
  const state = /** @type {State} */ (STATES[code]);
  const verdict = reviewOf(row)?.verdict;
  const tile = element('button', `tile s-${state}${verdict ? ` ${verdict}` : ''}`);
  tile.type = 'button';
  tile.tabIndex = at === current ? 0 : -1;
  tile.dataset.at = String(at);
  const frame = element('span', 'frame');
  if (digest === null) frame.append(element('span', 'none', shape(state), describeState(state, error)));
  else frame.append(createThumbnail(item, renderId, frame));
  if (state !== 'unchanged') frame.append(element('span', `tag s-${state}`, shape(state), NAMES[state]));
  if (verdict) frame.append(element('span', `mark s-${verdict}`, shape(verdict)));
  const subtitle = view === null ? key : `${key} · ${view}`;
  const caption = element(
    'span',
    'cap',
    element('span', 'name', name),
    element('span', 'key', subtitle),
    element('span', 'cost', micros > 0 ? dollars(micros) : ''),
  );
  tile.append(frame, caption);
  tile.title = `${name}\n${subtitle}`;
  const facts = [subtitle, NAMES[state], ...(verdict ? [NAMES[verdict]] : [])];
  tile.setAttribute('aria-label', `${name}, ${facts.join(', ')}`);
  return tile;
}

/** @param {number} item @param {string | null} renderId @param {HTMLElement} frame */
function createThumbnail(item, renderId, frame) {
  const image = element('img');
  image.alt = '';
  image.decoding = 'async';
  const missing = () => image.replaceWith(element('span', 'none', shape('image'), 'The image is not here'));
  // Thumbnails may be deleted after some days. Then the image itself is shown.
  const showWhole = async () => {
    const detail = await loadDetail(item);
    if (!detail?.image || !frame.isConnected) return missing();
    image.onerror = missing;
    const name = rows[item]?.[2] ?? '';
    image.src = imagePath(detail.image, { name, renderId });
  };
  const path = thumbnailPath(renderId);
  if (path === undefined) {
    void showWhole();
    return image;
  }
  image.onerror = () => {
    image.onerror = () => void showWhole();
    // The API limits the requests of a key.
    if (place.kind !== 'api') return showWhole();
    setTimeout(() => {
      if (frame.isConnected) image.src = path;
    }, RETRY_MS);
  };
  if (isFast) postponed.set(image, path);
  else image.src = path;
  return image;
}

/** Makes the tile of an item again, if it is in the document. @param {number} item */
function redrawItem(item) {
  for (const [at, cell] of cells)
    if (shown[at] === item) {
      const hadFocus = cell.contains(document.activeElement);
      cell.replaceChildren(createTile(at));
      if (hadFocus) /** @type {HTMLElement} */ (cell.firstChild).focus({ preventScroll: true });
    }
}

/** Moves the keyboard to a tile, and scrolls to it. @param {number} at */
function focusTile(at) {
  if (shown.length === 0) return;
  cells.get(current)?.querySelector('button')?.setAttribute('tabindex', '-1');
  current = Math.max(0, Math.min(at, shown.length - 1));
  const step = layout.height + layout.gap;
  const top = sheet.getBoundingClientRect().top + Math.floor(current / layout.columns) * step;
  const free = document.querySelector('.tools')?.getBoundingClientRect().height ?? 0;
  if (top < free) window.scrollBy({ top: top - free - 8, behavior: 'instant' });
  else if (top + layout.height > window.innerHeight)
    window.scrollBy({ top: top + layout.height - window.innerHeight + 8, behavior: 'instant' });
  drawVisible();
  const tile = cells.get(current)?.querySelector('button');
  if (!tile) return;
  tile.tabIndex = 0;
  tile.focus({ preventScroll: true });
}

/** Images of tiles that were passed so fast that they cannot be seen, until scrolling ends. @type {Map<HTMLImageElement, string>} */
const postponed = new Map();

let isFast = false;
let lastTop = window.scrollY;
let resting = 0;

function loadPostponed() {
  isFast = false;
  for (const [image, path] of postponed) if (image.isConnected) image.src = path;
  postponed.clear();
}

let isDrawing = false;
addEventListener(
  'scroll',
  () => {
    if (isDrawing) return;
    isDrawing = true;
    clearTimeout(resting);
    resting = window.setTimeout(loadPostponed, RESTING_MS);
    requestAnimationFrame(() => {
      isDrawing = false;
      isFast = Math.abs(window.scrollY - lastTop) > layout.height;
      lastTop = window.scrollY;
      drawVisible();
    });
  },
  { passive: true },
);
let lastWidth = 0;
new ResizeObserver(() => {
  if (sheet.clientWidth !== lastWidth && place) drawSheet();
  lastWidth = sheet.clientWidth;
}).observe(sheet);
addEventListener('resize', () => drawVisible());
// Paper has no window: the first tiles are printed.
addEventListener('beforeprint', () => keepTiles(0, Math.min(shown.length, MAX_PRINTED)));
addEventListener('afterprint', () => drawSheet());
