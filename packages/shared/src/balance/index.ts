// The provider's balance over time.
//
// balance-readings.ts  writes and lists readings: empty objects below balance/
export {
  type BalanceReading,
  isReadingDue,
  listBalanceReadings,
  nameAccount,
  toBalanceMicros,
  writeBalanceReading,
} from './balance-readings.ts';
