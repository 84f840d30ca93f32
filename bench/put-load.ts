import { type HttpAddress, HttpConnection, type HttpReply } from './http-connection.ts'
import { percentile } from './measure.ts'

export interface Load {
  readonly to: HttpAddress
  /** Each sends its next request when the one before is answered. */
  readonly connections: number
  readonly forMs: number
  /** Ends earlier, after so many. */
  readonly count?: number
  /** The next request. */
  readonly request: () => string
  /** Absent: every answer must be of 2xx. */
  readonly isGood?: (reply: HttpReply) => boolean
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** @throws Error when an answer is none that was expected */
export async function putLoad({
  to,
  connections,
  forMs,
  count = Infinity,
  request,
  isGood = isSuccess,
}: Load): Promise<LoadResult> {
  using open = new DisposableStack()
  const all = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(to)))
  for (const connection of all) open.use(connection)
  const tookMs: number[] = []
  let begun = 0
  const beganAtMs = performance.now()
  const endsAtMs = beganAtMs + forMs
  await Promise.all(
    all.map(async (connection) => {
      for (let nowMs = performance.now(); nowMs < endsAtMs && begun < count;) {
        begun += 1
        const reply = await connection.send(request())
        if (!isGood(reply)) throw new Error(`the server answered ${reply.bytes.toString('utf8', 0, 1_000)}`)
        const doneAtMs = performance.now()
        tookMs.push(doneAtMs - nowMs)
        nowMs = doneAtMs
      }
    }),
  )
  const seconds = (performance.now() - beganAtMs) / 1000
  return { perSecond: tookMs.length / seconds, p50Ms: percentile(tookMs, 50), p99Ms: percentile(tookMs, 99) }
}

function isSuccess({ code }: HttpReply): boolean {
  return code >= 200 && code < 300
}
