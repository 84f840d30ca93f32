import type { Invocation } from './command.ts'
import { writeText } from './output.ts'
import { sizeText } from './size-text.ts'

export async function imagePrune({ flags, environment }: Invocation): Promise<number> {
  const { stdout, env, machine } = environment
  const images = await machine.openImages({ stateDirectory: flags.stateDirectory(env) })
  const { deleted, freedBytes } = await images.prune({ all: flags.isSet('all') })
  const lines = deleted.map(({ id, names }) => `deleted ${[id, ...names].join(' ')}`)
  await writeText(stdout, `${[...lines, `freed ${sizeText(freedBytes)}`].join('\n')}\n`)
  return 0
}
