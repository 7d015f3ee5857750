// /redrives and /redrive-plans: plans of redrives, and the redrives that execute them.
//
// pages.ts         the paths and their forms
// plan-view.ts     a plan, and the form that executes it (pure)
// redrive-view.ts  a redrive, its progress and its controls; all redrives (pure)
export { registerRedrivePages } from './pages.ts';
