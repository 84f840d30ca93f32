import { Failure, messageOf } from '../../../failure.ts'
import type { Check } from '../../linux/check.ts'
import { findProgram, searchedFolders } from '../../process/find-program.ts'
import { runCommand } from '../../process/run-command.ts'
import { chooseOciRuntime, type ChooseOptions } from './choose-runtime.ts'

/** What containers need beside the kernel: an OCI runtime that works, and conmon. */
export function checkRuntime(options: ChooseOptions = {}): Promise<Check[]> {
  return Promise.all([checkOciRuntime(options), checkConmon(options.programs?.conmon ?? 'conmon')])
}

async function checkOciRuntime(options: ChooseOptions): Promise<Check> {
  const name = 'OCI runtime'
  try {
    const { runtimeKind, runtimeProgram, why } = await chooseOciRuntime(options)
    const version = await versionOf(runtimeProgram)
    if (runtimeKind === 'crun') return { name, is: 'ok', detail: version }
    if (why === 'runc works') {
      const detail = `${version}; crun is not installed and starts containers in half the time`
      return { name, is: 'warning', detail, remedy: 'apt-get install crun' }
    }
    return { name, is: 'warning', detail: `${version}, because ${why}; crun would start containers in half the time` }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { name, is: 'missing', detail: messageOf(error), remedy: 'apt-get install crun runc' }
  }
}

async function checkConmon(program: string): Promise<Check> {
  const name = 'conmon'
  const path = findProgram(program)
  if (path !== undefined) return { name, is: 'ok', detail: await versionOf(path) }
  return { name, is: 'missing', detail: `not in ${searchedFolders().join(':')}`, remedy: 'apt-get install conmon' }
}

/** The first line, such as `crun version 1.14`. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await runCommand([program, '--version'], { timeoutMs: 5_000 })
  return `${stdout.split('\n')[0] ?? ''} (${program})`
}
