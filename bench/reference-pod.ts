export const IMAGE = 'peapod.local/busybox'

/** Ends at once on SIGTERM, which a process with the number 1 ignores unless it says otherwise. */
const RUNNER = "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"

export interface Manifest {
  readonly apiVersion: 'v1'
  readonly kind: 'Pod'
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: Readonly<Record<string, unknown>>
}

/** The pod that everything is measured with: one init container, two that run until SIGTERM and end at once then. */
export function referencePod(name: string): Manifest {
  return pod(name, { initContainers: [container('init', ['true'])], containers: runners() })
}

/** The reference pod for those who can't do init containers. */
export function withoutInit(name: string): Manifest {
  return pod(name, { containers: runners() })
}

/** The smallest pod there is: it runs `true` and has Succeeded. */
export function briefPod(name: string): Manifest {
  return pod(name, { restartPolicy: 'Never', containers: [container('true', ['true'])] })
}

/** One container that is started again whenever it ends. */
export function restartingPod(name: string, command: readonly string[]): Manifest {
  return pod(name, { restartPolicy: 'Always', containers: [container('again', command)] })
}

function pod(name: string, spec: Readonly<Record<string, unknown>>): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec }
}

function runners() {
  return ['one', 'two'].map((name) => container(name, ['sh', '-c', RUNNER]))
}

function container(name: string, command: readonly string[]) {
  return { name, image: IMAGE, imagePullPolicy: 'IfNotPresent', command }
}
