import { Failure } from '../../../failure.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { ApiClient } from '../../client/open-client.ts'
import { EVENTS, type PodEvent } from '../../client/resource-type.ts'

/** What was told of this pod, and not of an earlier one of its name; undefined without the right to see it. */
export async function eventsOf(client: ApiClient, { metadata }: Pod): Promise<readonly PodEvent[] | undefined> {
  const { name, namespace, uid } = metadata
  const fieldSelector = `involvedObject.name=${name},involvedObject.namespace=${namespace},involvedObject.uid=${uid}`
  try {
    return (await client.list(EVENTS, { namespace, fieldSelector })).items
  } catch (error) {
    if (error instanceof Failure && error.reason === 'Forbidden') return undefined
    throw error
  }
}
