/**
 * Runs work on every item, some at a time. The first failure aborts the others; it is thrown when all have ended.
 *
 * @param limit how many run side by side.
 */
export async function runLimited<Item>(
  items: readonly Item[],
  options: { readonly limit: number; readonly signal: AbortSignal },
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const queue = items.values()
  let failure: { readonly error: unknown } | undefined

  async function runQueue(): Promise<void> {
    for (const item of queue) {
      if (failure !== undefined) return
      try {
        await work(item, signal)
      } catch (error) {
        failure ??= { error }
        stop.abort(error)
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(options.limit, items.length) }, runQueue))
  if (failure !== undefined) throw failure.error as Error
}
