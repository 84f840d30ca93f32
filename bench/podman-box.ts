import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { removeTree } from '../src/machine/linux/remove-tree.ts'
import { findProgram } from '../src/machine/process/find-program.ts'
import { type ProgramOptions, runProgram } from './run-program.ts'
import { IMAGE } from './reference-pod.ts'
import type { Workbench } from './workbench.ts'

/** podman with its own storage, network and processes: see podman-box.sh. */
export interface PodmanBox extends AsyncDisposable {
  podman(args: readonly string[], options?: ProgramOptions): Promise<string>
}

const NEEDED = ['podman', 'catatonit', 'busybox', 'unshare', 'nsenter'] as const
const NETAVARK = '/usr/lib/podman/netavark'

/** Why podman can't be measured here, if so. */
export function missingForPodman(): string | undefined {
  const missing = NEEDED.filter((program) => findProgram(program) === undefined)
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`
}

/** With the image that the pods run. */
export async function openPodmanBox(bench: Workbench): Promise<PodmanBox> {
  const directory = join(bench.directory, 'podman')
  mkdirSync(directory)
  const config = join(directory, 'containers.conf')
  writeFileSync(config, containersConfig(bench.runtime.runtimeProgram, directory))
  const box = spawn(
    'unshare',
    [
      '--pid',
      '--fork',
      '--mount',
      '--net',
      '--propagation',
      'private',
      'sh',
      join(import.meta.dirname, 'podman-box.sh'),
      directory,
    ],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    },
  )
  const ended = once(box, 'exit')
  await once(createInterface(box.stdout), 'line')
  const first = readFileSync(`/proc/${box.pid ?? 0}/task/${box.pid ?? 0}/children`, 'utf8').trim()
  const enter = ['nsenter', `--target=${first}`, '--pid', '--mount', '--net']
  const storage = ['root', 'runroot', 'tmpdir'].map((name) => `--${name}=${join(directory, name)}`)
  const podman: PodmanBox['podman'] = (args, options = {}) =>
    runProgram([...enter, 'podman', ...storage, '--storage-driver=overlay', ...args], {
      ...options,
      env: { CONTAINERS_CONF: config },
    })
  const archive = join(directory, 'image.tar')
  await runProgram([
    join(bench.home, 'peapod'),
    'image',
    'save',
    '--state-dir',
    bench.stateDirectory,
    '-o',
    archive,
    IMAGE,
  ])
  await podman(['load', '--quiet', '--input', archive])
  return {
    podman,
    async [Symbol.asyncDispose]() {
      // Every process in there ends with its process 1.
      process.kill(Number(first), 'SIGKILL')
      await ended
      await removeTree(directory)
    },
  }
}

/** The runtime that works here, the limits that an unprivileged root may set, nothing outside the directory. */
function containersConfig(runtimeProgram: string, directory: string): string {
  const backend = findProgram(NETAVARK) === undefined ? 'cni' : 'netavark'
  return [
    '[engine]',
    `runtime = "${runtimeProgram}"`,
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    '[network]',
    `network_backend = "${backend}"`,
    `network_config_dir = "${join(directory, 'net')}"`,
    '[containers]',
    'log_driver = "k8s-file"',
    'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
    '',
  ].join('\n')
}
