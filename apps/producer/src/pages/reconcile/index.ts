// page.ts  /reconcile: the form, and the latest reports
// view.ts  …the content of the page (pure)
export { registerReconcilePage } from './page.ts';
