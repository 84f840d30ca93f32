import { messageOf } from '../../failure.ts'
import type { Invocation } from './command.ts'
import { writeText } from './output.ts'

/** Removes each one that it can; 1 when one could not be removed. */
export async function imageRm({ flags, operands, environment }: Invocation): Promise<number> {
  const { stdout, stderr, env, machine } = environment
  const images = await machine.openImages({ stateDirectory: flags.stateDirectory(env) })
  let exitCode = 0
  for (const reference of operands) {
    try {
      const { untagged, deleted } = await images.remove(reference, { force: flags.isSet('force') })
      const lines = [...untagged.map((name) => `untagged ${name}`), ...deleted.map((id) => `deleted ${id}`)]
      await writeText(stdout, lines.map((line) => `${line}\n`).join(''))
    } catch (error) {
      await writeText(stderr, `peapod: ${messageOf(error)}\n`)
      exitCode = 1
    }
  }
  return exitCode
}
