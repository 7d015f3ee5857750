// forecast.ts   the queue position and the ETA of a render, the end of the backlog (main decision: createForecaster)
// eta.ts        …the estimates: quantiles of simulated lives (pure)
// model.ts      …samples → rate, durations, share of failed tasks (pure)
// durations.ts  …weighted samples of durations (pure)
// random.ts     …random numbers from a seed
export type { Eta } from './eta.ts';
export {
  type BacklogForecast,
  createForecaster,
  type Forecast,
  type Forecaster,
  NO_FORECAST,
} from './forecast.ts';
