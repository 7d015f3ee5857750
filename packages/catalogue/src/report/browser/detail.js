// The dialog of one item: its image beside the one before, the prompt, and the review.

const dialog = /** @type {HTMLDialogElement} */ (byId('detail'));
const note = /** @type {HTMLTextAreaElement} */ (byId('d-note'));
const again = /** @type {HTMLInputElement} */ (byId('d-again'));
const otherPrompt = /** @type {HTMLTextAreaElement} */ (byId('d-prompt'));

/** The place in `shown` of the item in the dialog. */
let opened = -1;
let mode = 'beside';

/** Called when another item is shown, or none. */
let onDetail = () => {};

const openedItem = () => (dialog.open ? shown[opened] : undefined);

/** @param {number} at a place in `shown` */
async function openDetail(at) {
  const item = shown[at];
  if (item === undefined) return;
  saveTexts();
  opened = at;
  const row = /** @type {Row} */ (rows[item]);
  byId('d-name').textContent = row[2];
  byId('d-key').textContent = row[1] === null ? row[0] : `${row[0]} · ${row[1]}`;
  byId('d-place').textContent = `${count.format(at + 1)} of ${count.format(shown.length)}`;
  /** @type {HTMLButtonElement} */ (byId('d-back')).disabled = at === 0;
  /** @type {HTMLButtonElement} */ (byId('d-next')).disabled = at === shown.length - 1;
  for (const id of ['d-compare', 'd-text', 'd-facts']) byId(id).replaceChildren();
  byId('d-error').hidden = true;
  if (!dialog.open) dialog.showModal();
  showReview();
  onDetail();
  const detail = await loadDetail(item);
  // A person has gone on.
  if (openedItem() !== item) return;
  if (!detail) {
    byId('d-text').textContent = 'The details could not be loaded. Reload the page.';
    return;
  }
  showImages(row, detail);
  showTexts(row, detail);
  showReview();
  for (const next of [shown[at + 1], shown[at - 1]]) void preload(next);
}

/** @param {number | undefined} item */
async function preload(item) {
  if (item === undefined) return;
  const detail = await loadDetail(item);
  const row = rows[item];
  if (detail?.image && row) new Image().src = imagePath(detail.image, { name: row[2], renderId: row[4] });
}

/** @param {string} path @param {string | undefined} fallback @param {string} alt */
function createShot(path, fallback, alt) {
  const image = element('img');
  image.alt = alt;
  image.onerror = () => {
    image.onerror = () =>
      image.replaceWith(element('span', 'missing', shape('image'), 'The image is not here any more.'));
    if (fallback === undefined) image.dispatchEvent(new Event('error'));
    else image.src = fallback;
  };
  image.src = path;
  return image;
}

/** @param {Row} row @param {Detail} detail */
function showImages(row, detail) {
  const [, , name, code, renderId, , , error] = row;
  const { image, previous } = detail;
  const state = /** @type {State} */ (STATES[code]);
  const now =
    image && createShot(imagePath(image, { name, renderId }), thumbnailPath(renderId), `${name}, now`);
  const before =
    previous &&
    createShot(
      imagePath(previous.image, previous, place.previous),
      thumbnailPath(previous.renderId),
      `${name}, before`,
    );
  const compare = byId('d-compare');
  const isPair = now !== null && before !== null;
  byId('d-modes').hidden = !isPair;
  compare.classList.toggle('alone', before === null);
  if (isPair && mode === 'slider') {
    const range = element('input');
    range.type = 'range';
    range.value = '50';
    range.setAttribute('aria-label', 'How much of the previous image is shown, in percent');
    const handle = element('i', '', element('span', '', shape('back'), shape('next')));
    const slide = element(
      'div',
      'slide',
      before,
      now,
      range,
      handle,
      element('b', '', 'Before'),
      element('b', '', 'Now'),
    );
    now.classList.add('after');
    range.oninput = () => slide.style.setProperty('--at', `${range.value}%`);
    compare.replaceChildren(slide);
    return;
  }
  const missing = () => {
    const text = element('span', `missing s-${state}`, shape(state), describeState(state, error));
    return element('div', 'shot', text);
  };
  const figures = [];
  if (before)
    figures.push(
      element(
        'figure',
        '',
        element('figcaption', '', 'Before', ...when(previous?.finishedAt)),
        element('div', 'shot', before),
      ),
    );
  const shot = now ? element('div', 'shot', now) : missing();
  figures.push(
    element(
      'figure',
      '',
      ...(before ? [element('figcaption', '', element('b', '', 'Now'), ...when(detail.finishedAt))] : []),
      shot,
    ),
  );
  compare.replaceChildren(...figures);
}

/** @param {string | null | undefined} time */
const when = (time) => (time ? [`, ${date.format(new Date(time))}`] : []);

/** @param {Row} row @param {Detail} detail */
function showTexts(row, detail) {
  const { error, previous, cost } = detail;
  const isOtherPrompt = detail.changes.includes('prompt') && previous;
  byId('d-text').replaceChildren(
    ...(isOtherPrompt ? markChanges(previous.prompt, detail.prompt) : [detail.prompt]),
  );
  const box = byId('d-error');
  box.hidden = error === null;
  if (error) {
    const meaning = meanings[error.code];
    box.replaceChildren(
      element('strong', '', meaning?.title ?? NAMES[/** @type {State} */ (STATES[row[3]])]),
      ...(meaning ? [element('p', '', meaning.meaning.replaceAll('`', ''))] : []),
      element('p', 'soft', element('code', '', `${error.code}: ${error.message}`)),
    );
  }
  const state = /** @type {State} */ (STATES[row[3]]);
  const badge = element('span', `state s-${state}`, NAMES[state]);
  const spent = Number(cost.spent);
  const image = detail.image;
  /** @type {[string, (Node | string)?][]} */
  const facts = [
    ['State', badge],
    ['Changed', detail.changes.join(', ') || undefined],
    ['Cost', spent > 0 ? describeCost(cost) : 'nothing in this run'],
    ['Source', `line ${count.format(detail.line)}`],
    ['Model', detail.model],
    ['Size', [detail.size, detail.resolution].filter(Boolean).join(', ')],
    ['References', detail.references.length > 0 ? String(detail.references.length) : undefined],
    ['Image', image ? `${image.width} × ${image.height}, ${size(image.bytes)}` : undefined],
    ['Bought', detail.finishedAt && image ? dateTime.format(new Date(detail.finishedAt)) : undefined],
    ['Run', detail.run ?? undefined],
    ['Render', row[4] === null ? undefined : renderLink(row[4])],
    ['SHA-256', image ? element('code', '', image.sha256) : undefined],
  ];
  byId('d-facts').replaceChildren(
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [element('dt', '', name), element('dd', '', value)],
    ),
  );
}

/** @param {Detail['cost']} cost */
function describeCost({ spent, refunded, possibly_spent: possible }) {
  const parts = [`$${spent}`];
  if (Number(refunded) > 0) parts.push(`$${refunded} refunded`);
  if (Number(possible) > 0) parts.push(`$${possible} more is possible`);
  return parts.join(', ');
}

/** @param {string} renderId */
function renderLink(renderId) {
  const code = element('code', '', renderId);
  if (place.kind !== 'api') return code;
  const link = element('a', '', code);
  link.href = `/renders/${encodeURIComponent(renderId)}`;
  return link;
}

/** Shows the review of the item in the dialog. */
function showReview() {
  const item = openedItem();
  const row = item === undefined ? undefined : rows[item];
  if (!row || item === undefined) return;
  const found = reviewOf(row);
  byId('d-approve').hidden = row[5] === null;
  byId('d-reject-text').textContent = row[5] === null ? 'Add a note or a prompt' : 'Reject';
  byId('d-approve').setAttribute('aria-pressed', String(found?.verdict === 'approved'));
  byId('d-reject').setAttribute('aria-pressed', String(found?.verdict === 'rejected'));
  byId('d-more').hidden = found?.verdict !== 'rejected';
  if (document.activeElement !== note) note.value = found?.note ?? '';
  if (document.activeElement !== otherPrompt) {
    again.checked = Boolean(found?.prompt) || (again.checked && again.dataset.item === String(item));
    otherPrompt.value = found?.prompt ?? detailOf(item)?.prompt ?? '';
  }
  again.dataset.item = String(item);
  byId('d-prompt-label').hidden = !again.checked;
  byId('d-state').textContent = describeReview(found);
}

/** @param {Review | undefined} found */
function describeReview(found) {
  if (!found) return '';
  const isWaiting = outbox.has(itemId(found));
  const kept = place.reviews === null || !isWaiting ? '' : problem ? ' Not saved yet.' : ' Saving…';
  if (found.verdict === 'approved') return `Approved.${kept}`;
  const verb = found.image_sha256 === null ? 'tries' : 'buys';
  return `The next run ${verb} it again${found.prompt ? ', with your prompt' : ''}.${kept}`;
}

/** Saves a note and a prompt that were edited. */
function saveTexts() {
  const item = openedItem();
  const row = item === undefined ? undefined : rows[item];
  const found = row && reviewOf(row);
  if (item === undefined || found?.verdict !== 'rejected') return;
  const prompt = again.checked ? otherPrompt.value.trim() : '';
  const isOther = prompt !== '' && prompt !== detailOf(item)?.prompt;
  const change = { note: note.value.trim() || null, prompt: isOther ? prompt : null };
  if (change.note === found.note && change.prompt === found.prompt) return;
  void review(item, { verdict: 'rejected', ...change });
}

/** Gives a verdict, or takes it back. @param {number | undefined} item @param {Verdict} verdict */
async function judge(item, verdict) {
  const row = item === undefined ? undefined : rows[item];
  if (!row || item === undefined || (verdict === 'approved' && row[5] === null)) return;
  const isSame = reviewOf(row)?.verdict === verdict;
  await review(item, isSame ? { verdict: 'cleared', note: null, prompt: null } : { verdict });
}

function closeDetail() {
  saveTexts();
  dialog.close();
}

note.onchange = saveTexts;
otherPrompt.onchange = saveTexts;
again.onchange = () => {
  byId('d-prompt-label').hidden = !again.checked;
  if (again.checked) otherPrompt.focus();
  saveTexts();
};
byId('d-approve').onclick = () => void judge(openedItem(), 'approved');
byId('d-reject').onclick = () => void judge(openedItem(), 'rejected');
byId('d-back').onclick = () => void openDetail(opened - 1);
byId('d-next').onclick = () => void openDetail(opened + 1);
byId('d-close').onclick = () => closeDetail();
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (
  byId('d-modes').querySelectorAll('button')
))
  button.onclick = () => {
    mode = button.dataset.mode ?? mode;
    for (const one of byId('d-modes').children) one.setAttribute('aria-pressed', String(one === button));
    const item = openedItem();
    const detail = item === undefined ? undefined : detailOf(item);
    if (detail && item !== undefined) showImages(/** @type {Row} */ (rows[item]), detail);
  };
// A click beside the dialog closes it.
dialog.onclick = (event) => {
  if (event.target === dialog) closeDetail();
};
dialog.addEventListener('cancel', saveTexts);
dialog.addEventListener('close', () => {
  const at = opened;
  opened = -1;
  onDetail();
  focusTile(at);
});
