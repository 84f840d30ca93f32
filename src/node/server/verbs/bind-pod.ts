import { Failure } from '../../../failure.ts'
import { assignedPod } from '../../../kube/api/scheduled-pod.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { notSupported, required } from '../../../kube/api/rules/finding.ts'
import { BINDINGS, PODS } from '../../store/resources.ts'
import { checkPreconditions, notFound } from '../../store/store-failure.ts'
import type { KubeObject, ObjectKey } from '../../store/store.ts'
import { type Answer, statusAnswer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { isDryRun } from '../dry-run.ts'
import { readObjectBody } from '../read-object-body.ts'
import { receivedObject } from '../received-object.ts'
import { refusal } from '../refusal.ts'
import type { ServerParts } from '../server-parts.ts'

interface Binding extends KubeObject {
  readonly target?: { readonly kind?: string; readonly name?: string }
}

/**
 * POST of a Binding: gives a pod that has no node the one that the Binding names, with the Binding's annotations.
 *
 * @param podName from the URL of `pods/…/binding`; absent: the Binding has the pod's name.
 */
export async function bindPod(
  { store, clock }: ServerParts,
  request: ApiRequest,
  podName: string | undefined,
): Promise<Answer> {
  const { namespace, query, incoming } = request
  const body = await readObjectBody(incoming, BINDINGS)
  const binding: Binding = receivedObject(body, { ...request, kind: { ...request.kind, resource: BINDINGS } })
  const { name: meant = '' } = binding.metadata
  if (podName !== undefined && meant !== '' && meant !== podName) {
    throw new Failure('BadRequest', 'name in URL does not match name in Binding object')
  }
  const key = { namespace, name: podName ?? meant }
  const nodeName = targetOf(binding)
  const bind = (pod: Pod): Pod => bound(pod, binding, { nodeName, nowMs: clock.nowMs() })
  if (isDryRun(query.getAll('dryRun'), 'CreateOptions')) {
    const pod = store.get(PODS, key)
    if (pod === undefined) throw notFound(PODS, key.name)
    bind(pod)
  } else await store.modify(PODS, key, bind)
  return statusAnswer(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

/** The name of the node. @throws Failure Invalid */
function targetOf({ metadata, target = {} }: Binding): string {
  const { kind = '', name = '' } = target
  const problems = [
    ...(kind === '' || kind === 'Node' ? [] : [notSupported('target.kind', kind, ['Node', '<empty>'])]),
    ...(name === '' ? [required('target.name')] : []),
  ]
  if (problems.length > 0) throw refusal({ ...BINDINGS, name: metadata.name ?? '' }, problems)
  return name
}

function bound(
  pod: Pod,
  { metadata: { uid = '', resourceVersion = '', annotations = {} } }: Binding,
  to: { readonly nodeName: string; readonly nowMs: number },
): Pod {
  const { name, deletionTimestamp } = pod.metadata
  checkPreconditions(PODS, pod, {
    uid: uid === '' ? undefined : uid,
    resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
  })
  if (deletionTimestamp !== undefined) {
    throw conflict(pod.metadata, `pod ${name} is being deleted, cannot be assigned to a host`)
  }
  const { nodeName = '' } = pod.spec
  if (nodeName !== '')
    throw conflict(pod.metadata, `pod ${name} is already assigned to node ${JSON.stringify(nodeName)}`)
  const assigned = assignedPod(pod, to.nodeName, to.nowMs)
  if (Object.keys(annotations).length === 0) return assigned
  return {
    ...assigned,
    metadata: { ...assigned.metadata, annotations: { ...assigned.metadata.annotations, ...annotations } },
  }
}

function conflict({ name }: Pick<ObjectKey, 'name'>, why: string): Failure {
  const kind = 'pods/binding'
  return new Failure('Conflict', `Operation cannot be fulfilled on ${kind} ${JSON.stringify(name)}: ${why}`, {
    details: { name, kind },
  })
}
