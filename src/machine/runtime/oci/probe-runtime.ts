import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Failure } from '../../../failure.ts'
import { killCgroup, removeCgroup } from '../../linux/cgroups.ts'
import { removeTree } from '../../linux/remove-tree.ts'
import { runCommand } from '../../process/run-command.ts'
import type { ContainerPlan } from '../container-runtime.ts'
import { observeMachine } from './observe-machine.ts'
import { buildOciConfig } from './oci-config.ts'
import { buildProbeProgram } from './probe-program.ts'

const LIMIT_MS = 20_000

export type Probed = { readonly works: true } | { readonly works: false; readonly because: string }

/** Runs a container that does nothing, made as every container is: the only way to know that a runtime works here. */
export async function probeRuntime(runtimeProgram: string): Promise<Probed> {
  const program = buildProbeProgram(process.arch)
  if (program === undefined) return { works: false, because: `there is no probe for ${process.arch} processors` }
  const directory = mkdtempSync(join(tmpdir(), 'peapod-probe-'))
  const cgroupPath = `/${basename(directory)}`
  try {
    mkdirSync(join(directory, 'rootfs'))
    writeFileSync(join(directory, 'rootfs/exit'), program, { mode: 0o755 })
    const plan = probePlan(basename(directory), directory, cgroupPath)
    writeFileSync(join(directory, 'config.json'), JSON.stringify(buildOciConfig(plan, observeMachine())))
    const argv = [runtimeProgram, `--root=${directory}/state`, 'run', `--bundle=${directory}`, plan.id]
    const { exitCode, stderr, stdout } = await runCommand(argv, { timeoutMs: LIMIT_MS })
    return exitCode === 0 ? { works: true } : { works: false, because: lastLine(stderr + stdout) }
  } catch (error) {
    if (error instanceof Failure) return { works: false, because: error.message }
    throw error
  } finally {
    await killCgroup(cgroupPath)
    await removeCgroup(cgroupPath)
    await removeTree(directory)
  }
}

function probePlan(id: string, directory: string, cgroupPath: string): ContainerPlan {
  return {
    id,
    directory,
    rootfs: { is: 'overlay', lowerDirs: [], readOnly: false },
    process: {
      args: ['/exit'],
      env: [],
      workingDir: '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      oomScoreAdj: 1000,
    },
    mounts: [],
    namespaces: { network: 'host' },
    cgroupPath,
    resources: { memoryLimitBytes: 64 * 1024 * 1024, pidsLimit: 64 },
    security: { privileged: false, capabilities: ['CAP_CHOWN'], noNewPrivileges: false, seccomp: 'runtime-default' },
    logFile: '/dev/null',
    terminal: false,
    stdin: false,
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
