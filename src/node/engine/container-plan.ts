import { Failure } from '../../failure.ts'
import type { Container, Pod } from '../../kube/api/pod.ts'
import type { Image } from '../../machine/image/image.ts'
import type { ContainerPlan, MountPlan, ProcessPlan } from '../../machine/runtime/container-runtime.ts'
import type { Sandbox } from '../../machine/sandbox/sandbox.ts'
import { buildArguments, buildEnvironment } from './container-process.ts'
import { buildContainerResources, buildOomScoreAdj } from './container-resources.ts'
import { buildSecurity } from './container-security.ts'
import type { DeclaredEnvironment } from './environment/declare-environment.ts'
import type { MachineFacts } from './machine-facts.ts'

/** What was found out on the machine before a container can be planned. Paths are absolute paths of the host. */
export interface ContainerFacts {
  readonly id: string
  readonly directory: string
  readonly logFile: string
  readonly terminationMessageFile: string
  readonly image: Image
  readonly sandbox: Sandbox
  readonly hostname: string
  readonly declared: DeclaredEnvironment
  readonly podCgroupPath: string
  readonly volumeMounts: readonly MountPlan[]
  readonly user: ProcessPlan['user']
  readonly machine: MachineFacts
  /** The PID namespace to join; absent: that of the pod, or one of its own. */
  readonly processes?: string
}

/** From a container of a Pod, its image's config and the pod's sandbox to what the runtime needs to know. */
export function buildContainerPlan(pod: Pod, container: Container, facts: ContainerFacts): ContainerPlan {
  const { declared } = facts
  const args = buildArguments(container, facts.image.config, declared)
  if (args.length === 0) {
    throw new Failure(
      'CreateContainerError',
      `create container "${container.name}": neither the manifest nor the image "${container.image}" names a program; set command`,
    )
  }
  return {
    id: facts.id,
    directory: facts.directory,
    rootfs: {
      is: 'overlay',
      lowerDirs: facts.image.layerDirs,
      readOnly: container.securityContext?.readOnlyRootFilesystem === true,
    },
    process: {
      args,
      env: buildEnvironment(container, facts.image.config.env, facts.hostname, declared),
      workingDir: container.workingDir ?? (facts.image.config.workingDir === '' ? '/' : facts.image.config.workingDir),
      user: facts.user,
      oomScoreAdj: buildOomScoreAdj(pod, container, facts.machine.memoryBytes),
    },
    mounts: buildMounts(container, facts),
    namespaces: { ...facts.sandbox.namespaces, ...(facts.processes === undefined ? {} : { pid: facts.processes }) },
    cgroupPath: `${facts.podCgroupPath}/${facts.id}`,
    resources: buildContainerResources(container),
    security: buildSecurity(pod, container, facts.machine.capabilities),
    logFile: facts.logFile,
    terminal: container.tty === true,
    stdin: container.stdin === true,
    ...(container.stdinOnce === true ? { stdinOnce: true } : {}),
  }
}

/** A mount of the manifest wins over one that the node adds at the same place; parents come before what is in them. */
function buildMounts(container: Container, facts: ContainerFacts): MountPlan[] {
  const { sandbox, volumeMounts } = facts
  const added: MountPlan[] = [
    { source: sandbox.hostsFile, destination: '/etc/hosts', readOnly: false },
    { source: sandbox.hostnameFile, destination: '/etc/hostname', readOnly: false },
    { source: sandbox.resolvConfFile, destination: '/etc/resolv.conf', readOnly: false },
    { source: sandbox.shmDirectory, destination: '/dev/shm', readOnly: false },
    { source: facts.terminationMessageFile, destination: container.terminationMessagePath, readOnly: false },
  ]
  const taken = new Set(volumeMounts.map((mount) => mount.destination))
  return [...added.filter((mount) => !taken.has(mount.destination)), ...volumeMounts]
    .map((mount, order) => ({ mount, order, depth: mount.destination.split('/').filter(Boolean).length }))
    .sort((a, b) => a.depth - b.depth || a.order - b.order)
    .map(({ mount }) => mount)
}
