// Which items are shown: by filter and search.

/** @type {{ filter: Filter, query: string }} */
const wanted = { filter: 'all', query: '' };

/** The places of the items that are shown, in their order. @type {number[]} */
let shown = [];

/** Key, view, name and error of each item, in lower case. @type {string[]} */
const haystacks = [];

/** The prompts of a file, in lower case. @type {Map<number, string[]>} */
const prompts = new Map();

/** @param {string} text */
const fold = (text) => text.normalize('NFC').toLowerCase();

/** @param {number} at @param {string} word */
function hasWord(at, word) {
  const row = /** @type {Row} */ (rows[at]);
  const haystack = (haystacks[at] ??= fold(`${row[0]}\n${row[1] ?? ''}\n${row[2]}\n${row[7] ?? ''}`));
  if (haystack.includes(word)) return true;
  const file = Math.floor(at / FILE_SIZE);
  let texts = prompts.get(file);
  if (!texts) {
    const details = detailFiles.get(file);
    if (!details) return false;
    texts = details.map(({ prompt }) => fold(prompt));
    prompts.set(file, texts);
  }
  return texts[at % FILE_SIZE]?.includes(word) ?? false;
}

/** Chooses the items that are shown. */
function applyFilter() {
  const words = fold(wanted.query).split(/\s+/).filter(Boolean);
  shown = [];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    if (row && isInFilter(row) && words.every((word) => hasWord(at, word))) shown.push(at);
  }
}

/** @param {Row} row */
function isInFilter(row) {
  const { filter } = wanted;
  const state = STATES.indexOf(/** @type {State} */ (filter));
  return state >= 0 ? row[3] === state : filter === 'all' || reviewOf(row)?.verdict === filter;
}

/** Files with prompts of the filter that a search has not read. */
function listUnread() {
  const files = new Set();
  for (let at = 0; at < rows.length; at += 1) {
    const file = Math.floor(at / FILE_SIZE);
    if (detailFiles.has(file)) at = (file + 1) * FILE_SIZE - 1;
    else if (rows[at] && isInFilter(/** @type {Row} */ (rows[at]))) files.add(file);
  }
  return [...files];
}

let isReading = false;

/** Loads the prompts of the filter, while there is a search. @param {() => void} onRead */
async function readPrompts(onRead) {
  if (isReading) return;
  isReading = true;
  /** Files that cannot be loaded. @type {Set<number>} */
  const failed = new Set();
  const next = () => listUnread().find((file) => !failed.has(file) && !loading.has(file));
  const work = async () => {
    for (let file = next(); file !== undefined && wanted.query; file = next()) {
      if (!(await loadDetails(file))) failed.add(file);
      onRead();
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  isReading = false;
  onRead();
}
