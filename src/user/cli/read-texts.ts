import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import type { CliEnvironment } from './cli-environment.ts'

interface ManifestText {
  readonly text: string
  /** As the user wrote it. */
  readonly file: string
}

/**
 * The texts of a file, of the manifests in a directory, or of standard input (`-`).
 *
 * @throws Failure UsageError when it cannot be read.
 */
export async function readTexts(
  file: string,
  environment: Pick<CliEnvironment, 'stdin' | 'cwd'>,
): Promise<readonly ManifestText[]> {
  if (file === '-') {
    const chunks: Buffer[] = []
    for await (const chunk of environment.stdin) chunks.push(Buffer.from(chunk as Buffer))
    return [{ text: Buffer.concat(chunks).toString('utf8'), file: '<stdin>' }]
  }
  const path = resolve(environment.cwd, file)
  try {
    if (!(await stat(path)).isDirectory()) return [{ text: await readFile(path, 'utf8'), file }]
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort()
    return await Promise.all(
      names.map(async (name) => ({ text: await readFile(join(path, name), 'utf8'), file: join(file, name) })),
    )
  } catch (cause) {
    throw new Failure('UsageError', `read manifest ${JSON.stringify(file)}: ${messageOf(cause)}`, { cause })
  }
}
