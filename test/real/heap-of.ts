const LIMIT_MS = 10_000

/** Lets a server be asked by `heapOf`: goes into its environment. */
export const ASKABLE = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/**
 * What a server has in use of its heap, once all garbage is collected.
 *
 * @param stderr of the server, where it says how it is asked.
 * @returns KiB.
 */
export async function heapOf(stderr: string): Promise<number> {
  // What its launcher runs before it can be asked, too.
  const url = [...stderr.matchAll(/ws:\/\/127\.0\.0\.1:\d+\/[-0-9a-f]+/g)].at(-1)?.[0]
  if (url === undefined) throw new Error(`the server does not say how to ask for its heap:\n${stderr}`)
  const socket = new WebSocket(url)
  try {
    await nextEvent(socket, 'open')
    await ask(socket, 'HeapProfiler.collectGarbage')
    const { usedSize } = (await ask(socket, 'Runtime.getHeapUsage')) as { usedSize: number }
    return Math.round(usedSize / 1024)
  } finally {
    socket.close()
  }
}

async function ask(socket: WebSocket, method: string): Promise<unknown> {
  const answered = nextEvent(socket, 'message')
  socket.send(JSON.stringify({ id: 1, method }))
  const { data } = (await answered) as Event & { readonly data: string }
  const { result } = JSON.parse(data) as { readonly result?: unknown }
  if (result === undefined) throw new Error(`${method}: ${data}`)
  return result
}

function nextEvent(socket: WebSocket, name: 'open' | 'message'): Promise<Event> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => (): void => reject(new Error(`${socket.url}: ${why} while waiting for "${name}"`))
    socket.addEventListener(name, resolve, { once: true })
    socket.addEventListener('error', fail('an error'), { once: true })
    AbortSignal.timeout(LIMIT_MS).addEventListener('abort', fail(`${LIMIT_MS} ms passed`))
  })
}
