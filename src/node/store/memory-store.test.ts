import { openMemoryStore } from './memory-store.ts'
import { storeContract } from './store-contract.ts'

storeContract('the memory store', (options) => {
  const store = openMemoryStore(options)
  return { store, [Symbol.asyncDispose]: () => store.close() }
})
