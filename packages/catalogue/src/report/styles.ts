import { PAGE_STYLES } from '@darkroom/shared/design';

const FRAME = `
body { max-width: 96rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: var(--space-4); top: var(--space-2); z-index: 9; background: var(--page); padding: var(--space-2); }
.i { width: 1em; height: 1em; flex: none; }
kbd { font: 600 var(--text-s)/1 var(--mono); color: var(--soft); border: 1px solid var(--line); border-radius: .25rem; padding: .1rem .3rem; }
textarea { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: var(--radius); padding: .35rem .6rem; width: 100%; resize: vertical; }
textarea:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--rendering); outline-offset: 2px; }
.sheet:focus-visible { outline: 0; }
[hidden] { display: none !important; }`;

/** The color of a state, for its badge, its filter and its part of the bar. */
const STATES = `
.s-new { --tint: var(--rendering); } .s-changed { --tint: var(--storing); } .s-unchanged { --tint: var(--queued); }
.s-failed, .s-rejected { --tint: var(--failed); } .s-not_bought { --tint: var(--warning); } .s-quarantined { --tint: var(--canceled); }
.s-approved { --tint: var(--completed); } .s-all { --tint: var(--ink); }`;

const HEAD = `
.head { padding: var(--space-4) 0 0; } .head h1 { margin: var(--space-3) 0 0; font-size: var(--text-xxl); letter-spacing: -.01em; }
.brand { display: flex; gap: var(--space-2); align-items: center; margin: 0; font-weight: 700; font-size: var(--text-s); color: var(--soft); } .brand svg { width: 1.1rem; height: 1.1rem; }
.when { margin: 0; } .when b { color: var(--ink); font-weight: 600; }
.summary { display: grid; gap: var(--space-5) var(--space-6); grid-template-columns: minmax(0, 5fr) minmax(0, 3fr) minmax(0, 4fr); align-items: start; margin: var(--space-5) 0 var(--space-5); padding: var(--space-5); background: var(--card); border: 1px solid var(--line); border-radius: var(--radius-l); }
.ready { font-size: var(--text-l); margin: 0; line-height: 1.35; } .ready strong { font-size: 2.5rem; line-height: 1.1; display: block; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.share { display: block; width: 100%; height: .75rem; margin: var(--space-4) 0 var(--space-3); border-radius: .4rem; } .share rect { fill: var(--tint); } .share .s-unchanged { opacity: .4; }
.trouble, .fine, .stopped { display: flex; flex-wrap: wrap; gap: var(--space-2) var(--space-3); align-items: center; margin: 0; }
.trouble a, .fine, .stopped { font-weight: 600; } .trouble a { display: inline-flex; gap: .4em; align-items: center; color: var(--tint); text-decoration: none; padding: .15rem .7rem; border: 1px solid currentColor; border-radius: 1rem; } .trouble a:hover { text-decoration: underline; }
.fine { color: var(--completed); flex-wrap: nowrap; } .stopped { color: var(--warning); flex-wrap: nowrap; margin-top: var(--space-3); }
.money { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: var(--space-4); } .money > div:first-child { grid-column: 1 / -1; }
.money dt { font-size: var(--text-s); } .money dd { font-size: var(--text-xl); font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; } .money dd.big { font-size: 2.5rem; line-height: 1.1; letter-spacing: -.02em; } .money dd.note { font-size: var(--text-s); font-weight: 400; color: var(--soft); line-height: 1.5; }
.hours { margin: 0; } .hours figcaption { display: flex; justify-content: space-between; gap: var(--space-3); font-size: var(--text-s); margin-bottom: var(--space-2); } .hours .chart { height: 6.5rem; } .hours .legend { margin: var(--space-1) 0 0; }
@media (max-width: 64rem) { .summary { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .lead { grid-column: 1 / -1; } }
@media (max-width: 40rem) { .summary { grid-template-columns: minmax(0, 1fr); padding: var(--space-4); gap: var(--space-5); } .hours .chart { height: 3.5rem; }
  .head { padding-top: var(--space-3); } .head h1 { margin-top: var(--space-1); font-size: var(--text-xl); } .summary { margin: var(--space-3) 0; } .ready strong, .money dd.big { font-size: 2rem; } .ready strong { display: inline; }
  .money { grid-template-columns: repeat(3, auto); justify-content: space-between; gap: var(--space-3); } .money > div:first-child { grid-column: auto; } .money dd, .money dd.big { font-size: var(--text-l); line-height: 1.4; } }`;

const TOOLS = `
.tools { position: sticky; top: 0; z-index: 5; display: grid; grid-template-columns: minmax(14rem, 24rem) minmax(0, 1fr); gap: var(--space-2) var(--space-4); align-items: center; padding: var(--space-3) 0 var(--space-2); background: var(--page); border-bottom: 1px solid var(--line); margin-bottom: var(--space-4); }
.search { position: relative; display: block; } .search .i { position: absolute; left: .7rem; top: 50%; translate: 0 -50%; color: var(--soft); } .search input { width: 100%; padding-left: 2.1rem; padding-right: 2.2rem; min-height: 2.5rem; } .search kbd { position: absolute; right: .6rem; top: 50%; translate: 0 -50%; pointer-events: none; } .search input:focus + kbd, .search input:not(:placeholder-shown) + kbd { display: none; }
.chips { display: flex; flex-wrap: wrap; gap: var(--space-1) var(--space-1); grid-row: 2; grid-column: 1 / -1; }
.chip { display: inline-flex; gap: .4em; align-items: center; border-radius: 2rem; border-color: var(--line); background: none; padding: .3rem .7rem; font-weight: 500; font-size: var(--text-s); white-space: nowrap; min-height: 2rem; }
.chip .i { color: var(--tint); } .chip b { color: var(--soft); font-weight: 500; font-variant-numeric: tabular-nums; }
.chip[aria-pressed=true] { background: var(--ink); border-color: var(--ink); color: var(--page); } .chip[aria-pressed=true] :is(.i, b) { color: inherit; }
.chip[data-zero]:not([aria-pressed=true]) { color: var(--soft); } .chip[data-zero]:not([aria-pressed=true]) .i { opacity: .5; }
.shown { margin: 0; text-align: right; font-size: var(--text-s); min-height: 1.5em; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) {
  .tools { grid-template-columns: minmax(0, 1fr); gap: var(--space-2); } .shown { grid-row: 3; text-align: left; }
  .chips { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none; margin: 0 calc(-1 * var(--space-4)); padding: 2px var(--space-4); scroll-padding: var(--space-4); }
  .chip { min-height: 2.4rem; } .search kbd { display: none; } .search input { font-size: 1rem; }
}`;

const SHEET = `
.sheet { position: relative; contain: layout style; min-height: 12rem; }
.cell { position: absolute; left: 0; top: 0; contain: layout style; }
.tile { display: block; width: 100%; height: 100%; padding: 0; border: 0; background: none; text-align: left; font-weight: 400; border-radius: var(--radius); color: var(--ink); }
.tile .frame { position: relative; display: grid; place-items: center; width: 100%; aspect-ratio: 1; background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; color: var(--soft); }
.tile:hover .frame { border-color: var(--soft); }
.tile img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
.tile .none { display: grid; gap: var(--space-2); justify-items: center; padding: var(--space-4); text-align: center; font-size: var(--text-s); line-height: 1.35; overflow: hidden; } .tile .none .i { width: 1.75rem; height: 1.75rem; color: var(--tint); }
.tag { position: absolute; left: var(--space-2); top: var(--space-2); display: inline-flex; gap: .35em; align-items: center; padding: .1rem .55rem; border-radius: 1rem; font-size: .75rem; font-weight: 600; background: var(--page); color: var(--tint); box-shadow: 0 0 0 1px color-mix(in srgb, var(--tint) 45%, transparent); } .tag .i { width: .75em; height: .75em; }
.mark { position: absolute; right: var(--space-2); top: var(--space-2); width: 1.5rem; height: 1.5rem; color: var(--tint); background: var(--page); border-radius: 50%; padding: 2px; } .mark .i { display: block; width: 100%; height: 100%; }
.tile.rejected .frame { border-color: var(--failed); } .tile.rejected img { opacity: .45; }
.cap { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 var(--space-2); margin-top: var(--space-1); line-height: 1.4; } .cap > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cap .name { grid-column: 1 / -1; font-weight: 600; font-size: var(--text-s); } .cap .key, .cap .cost { color: var(--soft); font-size: .75rem; } .cap .cost { font-variant-numeric: tabular-nums; }
.outbox { position: fixed; z-index: 6; left: 50%; bottom: var(--space-4); translate: -50% 0; display: flex; gap: var(--space-4); align-items: center; max-width: calc(100vw - 2rem); padding: var(--space-2) var(--space-2) var(--space-2) var(--space-4); background: var(--card); border: 1px solid var(--soft); border-radius: 2rem; box-shadow: 0 .4rem 1.6rem rgb(0 0 0 / .22); font-size: var(--text-s); } .outbox button { border-radius: 2rem; white-space: nowrap; }
@media (max-width: 40rem) { .outbox { width: calc(100vw - 2rem); border-radius: var(--radius-l); justify-content: space-between; } }`;

const DETAIL = `
dialog { padding: 0; border: 0; color: var(--ink); background: var(--page); }
#detail { width: min(92rem, calc(100vw - 3rem)); height: calc(100dvh - 3rem); max-width: none; max-height: none; border-radius: var(--radius-l); border: 1px solid var(--line); overflow: hidden; } #detail[open] { display: flex; flex-direction: column; }
#detail::backdrop { background: rgb(0 0 0 / .6); }
.d-top { display: flex; gap: var(--space-4); align-items: center; padding: var(--space-3) var(--space-3) var(--space-3) var(--space-5); border-bottom: 1px solid var(--line); } .d-top > :first-child { min-width: 0; flex: 1; } .d-top h2 { margin: 0; font-size: var(--text-l); line-height: 1.3; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .d-top p { margin: 0; font-size: var(--text-s); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#d-place { font-size: var(--text-s); white-space: nowrap; font-variant-numeric: tabular-nums; }
.d-move { display: flex; gap: var(--space-1); } .d-move button { display: grid; place-items: center; width: 2.5rem; height: 2.5rem; padding: 0; border-color: var(--line); }
.d-body { flex: 1; min-height: 0; display: grid; grid-template-columns: minmax(0, 1fr) 24rem; }
.d-images { display: flex; flex-direction: column; gap: var(--space-3); min-height: 0; padding: var(--space-4); background: var(--card); align-items: center; }
.views button { border: 0; border-radius: 0; background: none; font-weight: 500; font-size: var(--text-s); color: var(--soft); padding: .3rem .9rem; } .views button[aria-pressed=true] { background: var(--line); color: var(--ink); font-weight: 600; }
.compare { position: relative; flex: 1; min-height: 0; width: 100%; display: flex; gap: var(--space-3); justify-content: center; }
.compare figure { position: relative; margin: 0; flex: 1 1 0; min-width: 0; display: flex; flex-direction: column; gap: var(--space-1); } .compare figcaption { font-size: var(--text-s); color: var(--soft); text-align: center; } .compare figure b { color: var(--ink); }
.compare .shot { flex: 1; min-height: 0; display: grid; place-items: center; } .compare img { max-width: 100%; max-height: 100%; object-fit: contain; border-radius: var(--radius); display: block; min-height: 0; }
.compare .shot > * { grid-area: 1 / 1; } .compare .missing { display: grid; gap: var(--space-3); justify-items: center; color: var(--soft); text-align: center; padding: var(--space-5); } .compare .missing .i { width: 2.5rem; height: 2.5rem; color: var(--tint, currentColor); }
.slide { position: relative; display: grid; max-width: 100%; max-height: 100%; min-height: 0; height: 100%; width: 100%; } .slide img { grid-area: 1 / 1; width: 100%; height: 100%; object-fit: contain; border-radius: 0; } .slide .after { clip-path: inset(0 0 0 var(--at, 50%)); } .slide input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; padding: 0; opacity: 0; cursor: ew-resize; touch-action: pan-y; }
.slide i { position: absolute; inset: 0 auto 0 var(--at, 50%); width: 2px; margin-left: -1px; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .35); pointer-events: none; display: grid; place-content: center; } .slide i span { display: flex; gap: .35rem; padding: .45rem .5rem; border-radius: 2rem; background: #fff; color: #1b1c1f; box-shadow: 0 0 0 1px rgb(0 0 0 / .25), 0 .2rem .6rem rgb(0 0 0 / .3); } .slide i .i { width: .7rem; height: .7rem; } .slide input:focus-visible + i span { outline: 2px solid var(--rendering); outline-offset: 2px; }
.slide b { position: absolute; top: var(--space-2); left: var(--space-2); padding: .1rem .55rem; border-radius: 1rem; background: rgb(0 0 0 / .6); color: #fff; font-size: .75rem; pointer-events: none; } .slide b + b { left: auto; right: var(--space-2); }
.d-side { overflow-y: auto; padding: var(--space-4) var(--space-5) var(--space-5); border-left: 1px solid var(--line); overscroll-behavior: contain; } .d-side h3 { font-size: var(--text-s); color: var(--soft); font-weight: 600; margin: var(--space-5) 0 var(--space-1); }
.prompt { margin: 0; white-space: pre-wrap; } .prompt ins { background: color-mix(in srgb, var(--completed) 18%, transparent); text-decoration: none; border-radius: .2em; } .prompt del { color: var(--soft); text-decoration-color: var(--failed); }
.d-side dl { grid-template-columns: fit-content(8rem) minmax(0, 1fr); margin-top: var(--space-5); font-size: var(--text-s); gap: var(--space-1) var(--space-4); }
#d-error { margin-top: var(--space-4); } #d-error p { margin: var(--space-1) 0 0; font-size: var(--text-s); } #d-error code { font-size: var(--text-s); }
.verdicts { display: grid; grid-template-columns: 1fr 1fr; gap: var(--space-2); } .verdicts button { display: flex; gap: .5em; align-items: center; justify-content: center; min-height: 2.75rem; border-color: var(--line); } .verdicts kbd { margin-left: auto; } .verdicts button[hidden] + button { grid-column: 1 / -1; } #d-approve[aria-pressed=false] .i { color: var(--completed); } #d-reject[aria-pressed=false] .i { color: var(--failed); }
#d-approve[aria-pressed=true] { background: var(--completed); border-color: var(--completed); color: var(--page); } #d-reject[aria-pressed=true] { background: var(--failed); border-color: var(--failed); color: var(--page); } .verdicts button[aria-pressed=true] :is(.i, kbd) { color: var(--page); border-color: currentColor; }
.review label { display: block; font-size: var(--text-s); color: var(--soft); margin-top: var(--space-3); } .review textarea { margin-top: var(--space-1); color: var(--ink); font-size: var(--text-m); } .review .check { display: flex; gap: var(--space-2); align-items: center; color: var(--ink); font-size: var(--text-m); } #d-prompt-label { margin-top: 0; }
#d-state { font-size: var(--text-s); margin: var(--space-2) 0 0; min-height: 1.5em; }
@media (max-width: 56rem) {
  #detail { width: 100vw; height: 100dvh; border-radius: 0; border: 0; } .d-top { padding-left: var(--space-4); }
  .d-body { display: block; overflow-y: auto; } .d-side { border: 0; overflow: visible; padding: var(--space-4); } .d-images { padding: var(--space-3); } .compare { height: 62vw; max-height: 60dvh; flex: none; } .compare.alone { height: 90vw; } .review { position: static; }
}
@media (max-width: 40rem) { #d-place { display: none; } .verdicts kbd { display: none; } .verdicts button { min-height: 3rem; } }`;

const PRINT = `
@media (prefers-reduced-motion: no-preference) { .tile .frame, .chip { transition: border-color .12s, background-color .12s; } }
@media print {
  :root { color-scheme: light; } body { max-width: none; padding: 0; } .tools, .outbox, dialog, .skip, noscript { display: none !important; }
  .summary { break-inside: avoid; } .sheet { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: var(--space-3); height: auto !important; contain: none; } .cell { position: static; transform: none !important; width: auto !important; height: auto !important; break-inside: avoid; contain: none; }
}`;

/** The style sheet of a report: that of all pages, and what only a report has. */
export const REPORT_STYLES = [PAGE_STYLES, FRAME, STATES, HEAD, TOOLS, SHEET, DETAIL, PRINT].join('\n');
