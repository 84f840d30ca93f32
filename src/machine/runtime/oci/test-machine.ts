import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeCgroup, removeCgroup } from '../../linux/cgroups.ts'
import { removeTree } from '../../linux/remove-tree.ts'
import { findProgram } from '../../process/find-program.ts'
import type { ContainerPlan, ContainerRuntime } from '../container-runtime.ts'
import type { ContainerStreams } from '../container-streams.ts'
import { type OciRuntimeOptions, openOciRuntime } from './open-oci-runtime.ts'
import type { RuntimeKind } from './oci-instance.ts'
import { removeLeftovers } from './remove-leftovers.ts'

/** A corner of this machine for one test: a busybox layer, a cgroup, a runtime's directory. Leaves nothing behind. */
export interface TestMachine extends AsyncDisposable {
  readonly directory: string
  readonly layer: string
  readonly cgroup: string
  readonly runtimeOptions: OciRuntimeOptions
  open(): Promise<ContainerRuntime & ContainerStreams & AsyncDisposable>
  /** A container with a fresh directory that runs a shell script. */
  shell(id: string, script: string, changes?: Partial<ContainerPlan>): ContainerPlan
  /** What it wrote, without times and streams. Between the streams there is no order. */
  output(plan: ContainerPlan): string
}

const APPLETS = 'sh cat dd echo grep head id kill ln ls mknod mount pwd sed setsid sleep stty true wc'.split(' ')
const LIMIT_MS = 20_000
const KIND = (process.env['PEAPOD_TEST_RUNTIME'] ?? 'runc') as RuntimeKind

export function makeTestMachine(): TestMachine {
  const directory = mkdtempSync(join(tmpdir(), 'peapod-oci-'))
  const layer = join(directory, 'layer')
  const cgroup = `/${basename(directory)}`
  makeLayer(layer)
  makeCgroup(cgroup, {})
  const runtimeOptions = {
    runtimeProgram: findProgram(KIND) ?? KIND,
    runtimeKind: KIND,
    conmonProgram: findProgram('conmon') ?? 'conmon',
    directory: join(directory, 'runtime'),
  }
  let plans = 0
  return {
    directory,
    layer,
    cgroup,
    runtimeOptions,
    open: () => openOciRuntime(runtimeOptions),
    shell(id, script, changes = {}) {
      plans += 1
      const own = join(directory, 'containers', `${plans}-${id}`)
      mkdirSync(own, { recursive: true })
      return {
        ...shellPlan(id, script),
        directory: own,
        logFile: `${own}.log`,
        cgroupPath: `${cgroup}/${id}`,
        rootfs: { is: 'overlay', lowerDirs: [layer], readOnly: false },
        ...changes,
      }
    },
    output: (plan) =>
      readFileSync(plan.logFile, 'utf8')
        .split('\n')
        .map((line) => /^\S+ \w+ ([FP]) ([^]*)$/.exec(line))
        .map((entry) => (entry === null ? '' : `${entry[2] ?? ''}${entry[1] === 'F' ? '\n' : ''}`))
        .join('')
        .trim(),
    async [Symbol.asyncDispose]() {
      await removeLeftovers(runtimeOptions.directory)
      await removeCgroup(cgroup)
      await removeTree(directory)
    },
  }
}

/** Waits on a condition, not on time. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endsAtMs = performance.now() + LIMIT_MS; !(await holds());) {
    assert.ok(performance.now() < endsAtMs, `it never came: ${holds.toString()}`)
    await delay(2)
  }
}

function makeLayer(layer: string): void {
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(layer, name), { recursive: true })
  copyFileSync(findProgram('busybox') ?? '/bin/busybox', join(layer, 'bin/busybox'))
  for (const name of APPLETS) symlinkSync('busybox', join(layer, 'bin', name))
}

function shellPlan(id: string, script: string): Omit<ContainerPlan, 'directory' | 'logFile' | 'cgroupPath' | 'rootfs'> {
  return {
    id,
    process: {
      args: ['/bin/sh', '-c', script],
      env: ['PATH=/bin'],
      workingDir: '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      oomScoreAdj: 0,
    },
    mounts: [],
    namespaces: { network: 'host' },
    resources: {},
    security: {
      privileged: false,
      capabilities: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_MKNOD', 'CAP_SETGID', 'CAP_SETUID'],
      noNewPrivileges: false,
      seccomp: 'runtime-default',
    },
    terminal: false,
    stdin: false,
  }
}
