import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leftoversOf } from './leftovers-of.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell } from './sample-pods.ts'

/** A state directory for the tests of one file: its images are made once. Disposing takes away what failed tests left. */
export async function openStateDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'peapod-real-'))
  return {
    path,
    async [Symbol.asyncDispose]() {
      if ((await leftoversOf({ stateDirectory: path })).length > 0) {
        // The next start cleans up after a killed one.
        await runPeapod({ stateDirectory: path, pods: [pod('clean-up', { containers: [shell('app', 'true')] })] }).end()
      }
      const left = await leftoversOf({ stateDirectory: path })
      // With mounts below it, deleting the directory could delete something else.
      if (left.length > 0) throw new Error(`left in ${path}:\n${left.join('\n')}`)
      await rm(path, { recursive: true, force: true })
    },
  }
}
