import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricsRegistry, Reading } from './metrics-registry.ts'

/** How often the event loop is looked at. */
const LOOK_EVERY_MS = 20
/** Nobody asks any more: an idle server sleeps. */
const FORGOTTEN_AFTER_MS = 5 * 60_000

const STATISTICS = [
  ['p50', 50],
  ['p99', 99],
  ['max', 100],
] as const

/** What Prometheus' clients tell of their process everywhere, and how well it answers. */
export function measureProcess(registry: MetricsRegistry): void {
  const one = (type: 'counter' | 'gauge', name: string, help: string, value: () => number): void => {
    registry.read(type, { name, help, labels: [] }, () => [{ labels: {}, value: value() }])
  }
  one('counter', 'process_cpu_seconds_total', 'CPU time of the server, in user and system mode.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  const startedAtSeconds = performance.timeOrigin / 1000
  one(
    'gauge',
    'process_start_time_seconds',
    'When the server was started, in seconds since 1970.',
    () => startedAtSeconds,
  )
  one('gauge', 'process_resident_memory_bytes', 'Memory of the server.', () => process.memoryUsage.rss())
  one(
    'gauge',
    'process_open_fds',
    'Open files and connections of the server.',
    () => readdirSync('/proc/self/fd').length,
  )
  one('gauge', 'process_max_fds', 'How many it may have open.', maxFiles)
  one('gauge', 'nodejs_heap_size_used_bytes', 'Of it, objects of JavaScript.', () => process.memoryUsage().heapUsed)
  const lag = new LoopLag()
  registry.read(
    'gauge',
    {
      name: 'nodejs_eventloop_lag_seconds',
      help: 'How late the server came to what was due, since the last time somebody asked: the median, what 99 of 100 times stayed below, and the worst.',
      labels: ['statistic'],
    },
    () => lag.read(),
  )
}

function maxFiles(): number {
  const limit = /^Max open files +(\w+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === 'unlimited' ? Infinity : Number(limit)
}

/** Looks at the event loop from the first time that somebody asks until nobody does any more. */
class LoopLag {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | undefined
  #end: NodeJS.Timeout | undefined

  read(): Reading<'statistic'>[] {
    this.#histogram ??= monitorEventLoopDelay({ resolution: LOOK_EVERY_MS })
    const histogram = this.#histogram
    const readings = STATISTICS.map(([statistic, percentile]) => ({
      labels: { statistic },
      value: histogram.count === 0 ? 0 : lagSeconds(histogram.percentile(percentile)),
    }))
    histogram.reset()
    histogram.enable()
    clearTimeout(this.#end)
    this.#end = setTimeout(() => void histogram.disable(), FORGOTTEN_AFTER_MS).unref()
    return readings
  }
}

/** What is measured is the time from one look to the next, in nanoseconds. */
function lagSeconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - LOOK_EVERY_MS / 1000)
}
