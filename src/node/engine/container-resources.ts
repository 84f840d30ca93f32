import type { Container, Pod } from '../../kube/api/pod.ts'
import { allContainers, isSidecar } from '../../kube/api/pod.ts'
import { qosClass } from '../../kube/api/qos-class.ts'
import { quantityToBytes, quantityToMilli } from '../../kube/api/quantity.ts'
import type { ResourcePlan } from '../../machine/runtime/container-runtime.ts'

const CPU_PERIOD_US = 100_000
const LEAST_CPU_SHARES = 2
const MOST_CPU_SHARES = 262_144
/** The kernel refuses a quota below one millisecond. */
const LEAST_CPU_QUOTA_US = 1_000

interface Amounts {
  readonly cpuMilli: number | undefined
  readonly memoryBytes: number | undefined
}

/** What one container may use, in the kernel's units, as the kubelet computes it. */
export function buildContainerResources(container: Container): ResourcePlan {
  const limits = amountsOf(container.resources?.limits)
  return inKernelUnits(requestsOf(container), limits)
}

/**
 * What the pod as a whole may use: the largest of what is needed while any init container runs and of what sidecars and
 * app containers need together (Q1). A limit holds only when every container has one.
 */
export function buildPodResources(pod: Pod): ResourcePlan {
  const limitsOf = (container: Container): Amounts => amountsOf(container.resources?.limits)
  const everyOneHas = (what: keyof Amounts): boolean =>
    allContainers(pod).every((container) => limitsOf(container)[what] !== undefined)
  return inKernelUnits(
    { cpuMilli: effective(pod, (container) => requestsOf(container).cpuMilli ?? 0), memoryBytes: undefined },
    {
      cpuMilli: everyOneHas('cpuMilli') ? effective(pod, (container) => limitsOf(container).cpuMilli ?? 0) : undefined,
      memoryBytes: everyOneHas('memoryBytes')
        ? effective(pod, (container) => limitsOf(container).memoryBytes ?? 0)
        : undefined,
    },
  )
}

/**
 * How willingly the kernel ends a container when the machine runs out of memory: -997 to 1000 (Q3).
 *
 * @param machineMemoryBytes all the memory of this machine.
 */
export function buildOomScoreAdj(pod: Pod, container: Container, machineMemoryBytes: number): number {
  const quality = qosClass(pod)
  if (quality === 'Guaranteed') return -997
  if (quality === 'BestEffort') return 1000
  const score = burstableScore(container, machineMemoryBytes)
  const isInit = (pod.spec.initContainers ?? []).some(({ name }) => name === container.name)
  if (!isInit || !isSidecar(container)) return score
  // A sidecar is never ended before the app containers it serves (KEP-753).
  return Math.min(score, ...pod.spec.containers.map((app) => burstableScore(app, machineMemoryBytes)))
}

function burstableScore(container: Container, machineMemoryBytes: number): number {
  const requested = requestsOf(container).memoryBytes ?? 0
  const score = 1000 - Math.floor((1000 * requested) / machineMemoryBytes)
  // 2 keeps a Burstable container behind the Guaranteed ones, 999 before the BestEffort ones.
  return Math.min(999, Math.max(3, score))
}

function effective(pod: Pod, amountOf: (container: Container) => number): number {
  let sidecars = 0
  let whileInitializing = 0
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) sidecars += amountOf(container)
    whileInitializing = Math.max(whileInitializing, isSidecar(container) ? sidecars : sidecars + amountOf(container))
  }
  const apps = pod.spec.containers.reduce((sum, container) => sum + amountOf(container), 0)
  return Math.max(whileInitializing, sidecars + apps)
}

function requestsOf(container: Container): Amounts {
  const limits = amountsOf(container.resources?.limits)
  const requests = amountsOf(container.resources?.requests)
  return {
    cpuMilli: requests.cpuMilli ?? limits.cpuMilli,
    memoryBytes: requests.memoryBytes ?? limits.memoryBytes,
  }
}

function amountsOf(quantities: Readonly<Record<string, string>> | undefined): Amounts {
  const cpu = quantities?.['cpu']
  const memory = quantities?.['memory']
  return {
    cpuMilli: cpu === undefined ? undefined : quantityToMilli(cpu),
    memoryBytes: memory === undefined ? undefined : quantityToBytes(memory),
  }
}

function inKernelUnits(requests: Amounts, limits: Amounts): ResourcePlan {
  const shares = Math.floor(((requests.cpuMilli ?? 0) * 1024) / 1000)
  return {
    cpuShares: Math.min(MOST_CPU_SHARES, Math.max(LEAST_CPU_SHARES, shares)),
    ...(limits.cpuMilli === undefined || limits.cpuMilli === 0
      ? {}
      : {
          cpuPeriodUs: CPU_PERIOD_US,
          cpuQuotaUs: Math.max(LEAST_CPU_QUOTA_US, Math.floor((limits.cpuMilli * CPU_PERIOD_US) / 1000)),
        }),
    ...(limits.memoryBytes === undefined || limits.memoryBytes === 0 ? {} : { memoryLimitBytes: limits.memoryBytes }),
  }
}
