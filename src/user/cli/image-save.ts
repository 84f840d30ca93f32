import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import type { Invocation } from './command.ts'
import { withInterrupt } from './interrupt.ts'
import { writeText } from './output.ts'

export async function imageSave({ flags, operands, environment }: Invocation): Promise<number> {
  const { stdout, cwd, env, machine } = environment
  const file = flags.text('output')
  if (file === undefined && stdout.isTTY === true) {
    throw new Failure('UsageError', 'save images: standard output is a terminal; give a file with -o or pipe it on')
  }
  const images = await machine.openImages({ stateDirectory: flags.stateDirectory(env) })
  await withInterrupt(environment, async (signal) => {
    const archive = images.save(operands, { signal })
    if (file !== undefined) return writeFileWhole(resolve(cwd, file), archive)
    for await (const chunk of archive) await writeText(stdout, chunk)
  })
  return 0
}

/** Under its name only when it is whole: an archive that was cut off is worth nothing. */
async function writeFileWhole(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`
  try {
    const file = await open(unfinished, 'w')
    try {
      for await (const chunk of chunks) await file.writeFile(chunk)
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (cause) {
    await rm(unfinished, { force: true })
    if (cause instanceof Failure) throw cause
    throw new Failure('UsageError', `write image archive ${JSON.stringify(path)}: ${messageOf(cause)}`, { cause })
  }
}
