import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeTree } from '../src/machine/linux/remove-tree.ts'
import { chooseRuntime, type OciRuntimeChoice } from '../src/machine/runtime/oci/choose-runtime.ts'

/** Where a scenario works: a directory that vanishes, and what the contenders have in common. */
export interface Workbench {
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
  readonly directory: string
  /** peapod's state directory of this scenario. */
  readonly stateDirectory: string
  /** The repository. */
  readonly home: string
  /** What peapod chose; the others get the same one. */
  readonly runtime: OciRuntimeChoice & { readonly conmonProgram: string }
  /** Instead of the scenario's own number of rounds. */
  rounds(usual: number): number
}

export interface WorkbenchOptions {
  readonly signal: AbortSignal
  readonly rounds: number | undefined
}

export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench & AsyncDisposable> {
  const runtime = await chooseRuntime()
  const directory = mkdtempSync(join(tmpdir(), 'peapod-bench-'))
  return {
    signal: options.signal,
    directory,
    stateDirectory: join(directory, 'state'),
    home: join(import.meta.dirname, '..'),
    runtime,
    rounds: (usual) => options.rounds ?? usual,
    [Symbol.asyncDispose]: () => removeTree(directory),
  }
}
