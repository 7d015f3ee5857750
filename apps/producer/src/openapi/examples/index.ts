// answers.ts    an answer for every component that is one
// requests.ts   requests of the operations that do not give an example themselves
// problems.ts   a refusal for every code
// fill.ts       puts them where a document has none
export { fillExamples } from './fill.ts';
export { createProblemExample } from './problems.ts';
