// /dead-letters: failed renders for operators.
//
// pages.ts        the paths, their queries and forms
// query.ts        the filters of a page, as the API takes them
// filter-form.ts  the form of the filters (pure)
// groups-view.ts  groups with their counts and amounts (pure)
// list-view.ts    dead letters to select (pure)
// detail-view.ts  one dead letter (pure)
// amounts.ts      money, and what a redrive does, for people (pure)
export { describeRedrive, formatPrice } from './amounts.ts';
export { registerDeadLetterPages } from './pages.ts';
export { readSelection } from './query.ts';
