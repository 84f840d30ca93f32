import { readFileSync } from 'node:fs'
import { Failure } from '../../../failure.ts'
import { type DetachedProcess, spawnDetached } from '../../process/spawn-detached.ts'
import { searchedFolders } from '../../process/find-program.ts'
import type { ContainerPlan } from '../container-runtime.ts'
import { buildConmonCommand } from './conmon-command.ts'
import { writeProcesses } from './container-record.ts'
import type { OciInstance } from './oci-instance.ts'
import { identityOf, type ProcessIdentity } from './process-identity.ts'
import { type ContainerFiles, containerFiles } from './runtime-layout.ts'
import { explainRuntimeWords } from './runtime-words.ts'
import { isInsideContainer } from './working-directory.ts'

/** Has conmon and the OCI runtime make the container out of its bundle, and records the processes it is made of. */
export async function launchContainer(instance: OciInstance, plan: ContainerPlan, signal: AbortSignal): Promise<void> {
  const { layout } = instance
  const files = containerFiles(layout, plan.id)
  const conmon = spawnDetached(buildConmonCommand(instance.programs, plan, { layout, container: files }), {
    env: environmentOfRuntime(),
    // conmon drops a file named oom there when memory ran out.
    cwd: plan.directory,
    reportVariable: '_OCI_SYNCPIPE',
    errorFile: files.complaints,
  })
  const identity = identityOf(conmon.pid)
  void conmon.ended.then(() => instance.exits.look(plan.id))
  const stop = () => killSession(conmon)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const first = firstProcess(plan, await conmon.report, files)
    // Gone already: it was killed meanwhile, and its exit will be reported as any other.
    writeProcesses(files, {
      first: first ?? { pid: 0, startTicks: 0 },
      conmon: identity ?? { pid: conmon.pid, startTicks: 0 },
    })
    if (first !== undefined) refuseOutsideDirectory(plan, first)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** conmon and the runtime that it runs are one session, and so one process group, until the container has its own. */
function killSession(conmon: DetachedProcess): void {
  try {
    process.kill(-conmon.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function environmentOfRuntime(): Record<string, string> {
  // Nothing of ours is the runtimes' business, but crun and runc look for programs and for hints of systemd.
  return { PATH: searchedFolders().join(':') }
}

/** @param report conmon's one line: `{"data": 4711}`, or `{"data": -1, "message": "…"}` with the runtime's own words. */
function firstProcess(plan: ContainerPlan, report: string, files: ContainerFiles): ProcessIdentity | undefined {
  const said = parseReport(report)
  if (said.pid > 0) return identityOf(said.pid)
  const words = said.message === '' ? readFileSync(files.complaints, 'utf8') : said.message
  const { reason, sentence } = explainRuntimeWords(words, plan.process)
  throw new Failure(reason, `create container "${plan.id}": ${sentence}`, { details: { runtimeSaid: words } })
}

function parseReport(report: string): { pid: number; message: string } {
  try {
    const { data, pid, message } = JSON.parse(report) as { data?: number; pid?: number; message?: string }
    return { pid: data ?? pid ?? -1, message: message ?? '' }
  } catch (error) {
    // conmon ended before it could say anything: what it complained about is in its file.
    if (error instanceof SyntaxError) return { pid: -1, message: report }
    throw error
  }
}

function refuseOutsideDirectory(plan: ContainerPlan, first: ProcessIdentity): void {
  if (isInsideContainer(first.pid)) return
  throw new Failure(
    'CreateContainerError',
    `create container "${plan.id}": the working directory "${plan.process.workingDir}" leads out of the container`,
  )
}
