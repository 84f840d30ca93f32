import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { cgroupLayout } from '../src/machine/linux/cgroup-layout.ts'
import { chooseRuntime } from '../src/machine/runtime/oci/choose-runtime.ts'
import { findProgram } from '../src/machine/process/find-program.ts'
import { runProgram } from './run-program.ts'

/** What must be known of a machine to compare its numbers with another one's. */
export type MachineDescription = Readonly<Record<string, string>>

export async function describeMachine(): Promise<MachineDescription> {
  const { runtimeProgram, conmonProgram, why } = await chooseRuntime()
  return {
    date: new Date().toISOString(),
    processor: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    kernel: release(),
    cgroups: `version ${cgroupLayout().version}`,
    load: `${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')} (1, 5, 15 minutes, before the first scenario)`,
    node: process.version,
    runtime: `${await versionOf(runtimeProgram)} (${why.replaceAll('\n', ' ')})`,
    conmon: await versionOf(conmonProgram),
    podman: await versionOf('podman'),
    skopeo: await versionOf('skopeo'),
  }
}

async function versionOf(program: string): Promise<string> {
  const path = findProgram(program)
  if (path === undefined) return 'not installed'
  return (await runProgram([path, '--version'])).split('\n')[0] ?? ''
}
