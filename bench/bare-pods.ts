import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { removeCgroup } from '../src/machine/linux/cgroups.ts'
import { removeTree } from '../src/machine/linux/remove-tree.ts'
import { runProgram } from './run-program.ts'
import type { Workbench } from './workbench.ts'

/** What the script bare-pod.sh needs to be there. */
export interface BarePods extends AsyncDisposable {
  /** Runs the script. Resolves when its pod is up. */
  up(): Promise<BarePod>
}

export interface BarePod {
  /** Resolves when the script has ended. */
  down(): Promise<void>
}

const SCRIPT = join(import.meta.dirname, 'bare-pod.sh')

/** @param layer an unpacked busybox root. */
export async function openBarePods(bench: Workbench, layer: string): Promise<BarePods> {
  // Also the name of the cgroup.
  const bridge = `peapodb${process.pid}`
  const directory = join(bench.directory, 'bare')
  mkdirSync(directory)
  await runProgram(['ip', 'link', 'add', bridge, 'type', 'bridge'])
  await runProgram(['ip', 'address', 'add', '10.213.0.1/24', 'dev', bridge])
  await runProgram(['ip', 'link', 'set', bridge, 'up'])
  return {
    up: () => upOne([SCRIPT, bench.runtime.runtimeProgram, layer, mkdtempSync(join(directory, 'pod-')), bridge]),
    async [Symbol.asyncDispose]() {
      await runProgram(['ip', 'link', 'delete', bridge])
      await removeCgroup(`/${bridge}`)
      await removeTree(directory)
    },
  }
}

async function upOne(args: readonly string[]): Promise<BarePod> {
  const child = spawn('sh', args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const complaints: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  const expect = async (word: string) => {
    const { value } = await lines.next()
    if (value !== word) throw new Error(`${SCRIPT} is not "${word}": ${Buffer.concat(complaints).toString()}`)
  }
  await expect('up')
  return {
    async down() {
      child.stdin.end('\n')
      await expect('gone')
      await ended
    },
  }
}
