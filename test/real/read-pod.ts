import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ContainerStatus, Pod } from '../../src/kube/api/pod.ts'
import type { PeapodRun } from './run-peapod.ts'

/** A pod as the API of the server inside `peapod run` shows it; undefined while (or once) there is none of that name. */
export async function readPod({ stateDirectory }: PeapodRun, name: string): Promise<Pod | undefined> {
  const instances = join(stateDirectory, 'instances')
  for (const instance of readdirSync(instances).filter((each) => each.startsWith('run-'))) {
    const answer = await get(join(instances, instance, 'api.sock'), `/api/v1/namespaces/default/pods/${name}`)
    if (answer !== undefined) return JSON.parse(answer) as Pod
  }
  return undefined
}

export function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  return statuses.find((status) => status.name === container)
}

function get(socketPath: string, path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      text(response).then((body) => resolve(response.statusCode === 200 ? body : undefined), reject)
    })
      // Its server is not there yet, or is gone.
      .on('error', () => resolve(undefined))
      .end()
  })
}
