// engine.ts   Liquid without time, chance and files
// compile.ts  a template: its variables, and how it is filled
export { compilePrompt, type PromptTemplate, TemplateError } from './compile.ts';
export { createEngine } from './engine.ts';
