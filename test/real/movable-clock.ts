/**
 * Loaded into a server of a test by `node --import`: SIGUSR2 sets its clock back by an hour, as often as it comes. Its
 * timers go on as the kernel's do. TEST_CLOCK_BEHIND_MS: how far it is behind from the start.
 */
const HOUR_MS = 3_600_000
const TrueDate = Date
let behindMs = Number(process.env['TEST_CLOCK_BEHIND_MS'] ?? 0)

const nowMs = (): number => TrueDate.now() - behindMs

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget) as object,
  get: (target, name, receiver) => (name === 'now' ? nowMs : (Reflect.get(target, name, receiver) as unknown)),
})

process.on('SIGUSR2', () => {
  behindMs += HOUR_MS
})
