import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import type { Invocation } from './command.ts'
import { withInterrupt } from './interrupt.ts'
import { writeText } from './output.ts'

export async function imageLoad({ flags, environment }: Invocation): Promise<number> {
  const { stdin, stdout, cwd, env, machine } = environment
  const file = flags.text('input')
  if (file === undefined && stdin.isTTY === true) {
    throw new Failure(
      'UsageError',
      'load an image archive: standard input is a terminal; give a file with -i or pipe one in',
    )
  }
  const images = await machine.openImages({ stateDirectory: flags.stateDirectory(env) })
  const loaded = await withInterrupt(environment, async (signal) =>
    images.load(file === undefined ? stdin : await openArchive(resolve(cwd, file)), { signal }),
  )
  await writeText(stdout, loaded.map(({ name, id }) => `loaded ${name || '<none>'} (${id})\n`).join(''))
  return 0
}

async function openArchive(path: string): Promise<AsyncIterable<Buffer>> {
  try {
    const file = await open(path)
    return createReadStream(path, { fd: file })
  } catch (cause) {
    throw new Failure('UsageError', `open image archive ${JSON.stringify(path)}: ${messageOf(cause)}`, { cause })
  }
}
