/** Parts of manifests that the tests of real pods share. */

interface ContainerManifest {
  readonly name: string
  readonly [field: string]: unknown
}

/** A pod that restarts nothing and gives its containers a second to stop in, unless the spec says otherwise. */
export function pod(name: string, spec: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, ...spec },
  }
}

/** A container whose first process is a shell with this script. */
export function shell(name: string, script: string, more: object = {}): ContainerManifest {
  return { name, image: 'peapod.local/busybox', command: ['sh', '-c', script], ...more }
}

/** Shell words that keep a container running until it is asked to stop, and then end it with 0. */
export const UNTIL_STOPPED = "trap 'exit 0' TERM; sleep 1000 & wait"

/** The same; it says `up` once it can be asked: who waits for that finds it listening. */
export const UP_UNTIL_STOPPED = "trap 'exit 0' TERM; echo up; sleep 1000 & wait"

export function sidecar(name: string, script: string, more: object = {}): ContainerManifest {
  return shell(name, script, { restartPolicy: 'Always', ...more })
}
