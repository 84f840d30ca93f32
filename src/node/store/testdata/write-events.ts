// Creates Events in the store at argv[2], many at a time, until it is killed; prints the version of each answer.
import { writeSync } from 'node:fs'
import { EVENTS } from '../resources.ts'
import { openSqliteStore } from '../sqlite-store.ts'

const store = openSqliteStore({ path: process.argv[2] ?? '', survives: 'process-death' })
const run = store.resourceVersion

async function write(writer: number): Promise<never> {
  for (let index = 0; ; index++) {
    const metadata = { namespace: 'test', name: `run-${run}-${writer}-${index}` }
    const event = await store.create(EVENTS, { apiVersion: 'v1', kind: 'Event', metadata, involvedObject: {} })
    writeSync(1, `${event.metadata.resourceVersion ?? ''}\n`)
  }
}

for (let writer = 0; writer < 10; writer++) void write(writer)
