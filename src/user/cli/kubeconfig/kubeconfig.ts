import { chmod, mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure, messageOf } from '../../../failure.ts'
import type { CliEnvironment } from '../cli-environment.ts'
import type { Invocation } from '../command.ts'
import { writeText } from '../output.ts'
import { contextName, mergeKubeconfig } from './merge-kubeconfig.ts'

/** Prints the access to the server of the state directory, or merges it into the user's kubeconfig. */
export async function kubeconfig({ flags, environment }: Invocation): Promise<number> {
  const stateDirectory = flags.stateDirectory(environment.env)
  const found = await environment.machine.serverAccess({ stateDirectory })
  const access = { ...found, url: flags.text('server') ?? found.url }
  if (!flags.isSet('merge')) {
    await writeText(environment.stdout, mergeKubeconfig('', access))
    return 0
  }
  const file = kubeconfigFile(environment)
  const existing = await readExisting(file)
  await replacePrivately(file, mergeKubeconfig(existing, access, file))
  await writeText(environment.stderr, `${file}: the current context is now ${contextName(access.machine)}\n`)
  return 0
}

/** Where kubectl writes: the first file of $KUBECONFIG, else ~/.kube/config. */
function kubeconfigFile({ env }: CliEnvironment): string {
  const [first] = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '')
  if (first !== undefined) return first
  const home = env['HOME'] ?? ''
  if (home !== '') return join(home, '.kube', 'config')
  throw new Failure('UsageError', 'merge into the kubeconfig: neither $KUBECONFIG nor $HOME says where it is; set one')
}

async function readExisting(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw new Failure('UsageError', `read the kubeconfig ${JSON.stringify(file)}: ${messageOf(cause)}`, { cause })
  }
}

/** Its keys are passwords: nobody but the owner reads it, and it is whole at every moment. A link stays a link. */
async function replacePrivately(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const target = await realpath(file).catch(() => file)
    const made = `${target}.peapod-new`
    await writeFile(made, text, { mode: 0o600 })
    await chmod(made, 0o600)
    await rename(made, target)
  } catch (cause) {
    throw new Failure('UsageError', `write the kubeconfig ${JSON.stringify(file)}: ${messageOf(cause)}`, { cause })
  }
}
