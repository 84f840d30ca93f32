import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../../../failure.ts'
import { findProgram, searchedFolders } from '../../process/find-program.ts'
import type { RuntimeKind } from './oci-instance.ts'
import { probeRuntime } from './probe-runtime.ts'

export interface OciRuntimeChoice {
  readonly runtimeProgram: string
  readonly runtimeKind: RuntimeKind
  /** Why this one, such as `crun does not work here: …`. */
  readonly why: string
}

export interface ChooseOptions {
  /** Names to look for on PATH, or absolute paths. */
  readonly programs?: { readonly crun?: string; readonly runc?: string; readonly conmon?: string }
  /** Where the answer is kept until the next boot. */
  readonly memoryFile?: string
}

/** crun is the faster one. */
const PREFERENCE: readonly RuntimeKind[] = ['crun', 'runc']
const MEMORY_FILE = '/run/peapod/oci-runtime.json'

/** With the conmon to go with it: what a runtime is opened with. @throws as chooseOciRuntime. */
export async function chooseRuntime(
  options: ChooseOptions = {},
): Promise<OciRuntimeChoice & { readonly conmonProgram: string }> {
  const conmonProgram = findProgram(options.programs?.conmon ?? 'conmon')
  if (conmonProgram === undefined) throw missing('conmon', 'install the package conmon')
  return { ...(await chooseOciRuntime(options)), conmonProgram }
}

/**
 * Which OCI runtime works on this machine. Found out by running a container, once: the answer holds until a program, the
 * boot or the division of the cgroup controllers changes.
 *
 * @throws Failure RuntimeMissing when nothing is installed, RuntimeFailed when nothing that is installed works.
 */
export async function chooseOciRuntime(options: ChooseOptions = {}): Promise<OciRuntimeChoice> {
  const { programs = {}, memoryFile = MEMORY_FILE } = options
  const found = PREFERENCE.flatMap((runtimeKind) => {
    const runtimeProgram = findProgram(programs[runtimeKind] ?? runtimeKind)
    return runtimeProgram === undefined ? [] : [{ runtimeKind, runtimeProgram }]
  })
  if (found.length === 0) throw missing('crun or runc', 'install the package crun (or runc)')
  const key = keyOf(found.map(({ runtimeProgram }) => runtimeProgram))
  const known = recall(memoryFile, key)
  if (known !== undefined) return known
  const failures: string[] = []
  for (const candidate of found) {
    const probed = await probeRuntime(candidate.runtimeProgram)
    if (probed.works) {
      const chosen = { ...candidate, why: [...failures, `${candidate.runtimeKind} works`].join('; ') }
      remember(memoryFile, key, chosen)
      return chosen
    }
    failures.push(`${candidate.runtimeKind} does not work here: ${probed.because}`)
  }
  throw new Failure('RuntimeFailed', `run a container: ${failures.join('; ')}`)
}

function missing(programs: string, advice: string): Failure {
  return new Failure('RuntimeMissing', `find ${programs}: not in ${searchedFolders().join(':')}; ${advice}`)
}

/** Changes with everything that may change the answer. */
function keyOf(programs: readonly string[]): string {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return JSON.stringify([
    bootId,
    controllersOfVersion1(readFileSync('/proc/cgroups', 'utf8')),
    ...programs.map((program) => [program, statSync(program).mtimeMs]),
  ])
}

/**
 * crun works on a machine that mixes cgroup versions only while version 2 has no controllers, and these move with mounts.
 *
 * @param cgroups the text of /proc/cgroups: name, hierarchy (0: version 2 or none) and two more columns.
 */
export function controllersOfVersion1(cgroups: string): string {
  const rows = cgroups
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
  return rows.flatMap(([name = '', hierarchy]) => (hierarchy === '0' ? [] : [name])).join(' ')
}

function recall(memoryFile: string, key: string): OciRuntimeChoice | undefined {
  try {
    const memory = JSON.parse(readFileSync(memoryFile, 'utf8')) as { key: string; chosen: OciRuntimeChoice }
    return memory.key === key ? memory.chosen : undefined
  } catch (error) {
    // Whatever stands there instead of an answer, finding out again costs a tenth of a second.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function remember(memoryFile: string, key: string, chosen: OciRuntimeChoice): void {
  mkdirSync(dirname(memoryFile), { recursive: true })
  const unfinished = `${memoryFile}.${process.pid}`
  writeFileSync(unfinished, JSON.stringify({ key, chosen }))
  renameSync(unfinished, memoryFile)
}
