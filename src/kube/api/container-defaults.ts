import type {
  V1Container,
  V1ContainerPort,
  V1EnvVar,
  V1Lifecycle,
  V1LifecycleHandler,
  V1Probe,
  V1ResourceRequirements,
} from '@kubernetes/client-node'
import type { Draft } from './rules/finding.ts'
import { isEmpty } from './rules/finding.ts'
import type { PullPolicy } from './pod.ts'

/** A container as the API server stores it: pkg/apis/core/v1/defaults.go. */
export function fillContainer(container: Draft<V1Container>, hostNetwork: boolean): Draft<V1Container> {
  const { ports, env, resources, livenessProbe, readinessProbe, startupProbe, lifecycle } = container
  return {
    ...container,
    ...(ports === undefined ? {} : { ports: ports.map((port) => fillPort(port, hostNetwork)) }),
    ...(env === undefined ? {} : { env: env.map(fillVariable) }),
    ...(livenessProbe === undefined ? {} : { livenessProbe: fillProbe(livenessProbe) }),
    ...(readinessProbe === undefined ? {} : { readinessProbe: fillProbe(readinessProbe) }),
    ...(startupProbe === undefined ? {} : { startupProbe: fillProbe(startupProbe) }),
    ...(lifecycle === undefined ? {} : { lifecycle: fillLifecycle(lifecycle) }),
    resources: fillRequests(resources ?? {}),
    terminationMessagePath: orDefault(container.terminationMessagePath, '/dev/termination-log'),
    terminationMessagePolicy: orDefault(container.terminationMessagePolicy, 'File'),
    imagePullPolicy: orDefault(container.imagePullPolicy, pullPolicyOf(container.image ?? '')),
  }
}

export function orDefault(text: string | undefined, otherwise: string): string {
  return isEmpty(text) ? otherwise : text
}

/** Q10: an image without a tag, or with the tag `latest`, may be another one tomorrow. */
export function pullPolicyOf(image: string): PullPolicy {
  const [name = '', digest] = image.split('@')
  const [, tag] = name.slice(name.lastIndexOf('/') + 1).split(':')
  const floats = tag === 'latest' || (tag === undefined && digest === undefined && name !== '')
  return floats ? 'Always' : 'IfNotPresent'
}

/** A reference to a field of the pod belongs to version v1 of its API. */
function fillVariable(variable: Draft<V1EnvVar>): Draft<V1EnvVar> {
  const { valueFrom } = variable
  if (valueFrom?.fieldRef === undefined) return variable
  const fieldRef = { ...valueFrom.fieldRef, apiVersion: orDefault(valueFrom.fieldRef.apiVersion, 'v1') }
  return { ...variable, valueFrom: { ...valueFrom, fieldRef } }
}

function fillPort(port: Draft<V1ContainerPort>, hostNetwork: boolean): Draft<V1ContainerPort> {
  const isUnset = port.hostPort === undefined || port.hostPort === 0
  return {
    ...port,
    ...(hostNetwork && isUnset && port.containerPort !== undefined ? { hostPort: port.containerPort } : {}),
    protocol: orDefault(port.protocol, 'TCP'),
  }
}

/** Q2: a limit without a request is also the request. */
function fillRequests(resources: Draft<V1ResourceRequirements>): Draft<V1ResourceRequirements> {
  if (resources.limits === undefined) return resources
  return { ...resources, requests: { ...resources.limits, ...resources.requests } }
}

/** P1. A zero is as good as nothing here. */
function fillProbe(probe: Draft<V1Probe>): Draft<V1Probe> {
  const orElse = (value: number | undefined, otherwise: number): number =>
    value === undefined || value === 0 ? otherwise : value
  return {
    ...probe,
    ...fillHttpGet(probe),
    ...(probe.grpc === undefined ? {} : { grpc: { ...probe.grpc, service: probe.grpc.service ?? '' } }),
    timeoutSeconds: orElse(probe.timeoutSeconds, 1),
    periodSeconds: orElse(probe.periodSeconds, 10),
    successThreshold: orElse(probe.successThreshold, 1),
    failureThreshold: orElse(probe.failureThreshold, 3),
  }
}

function fillLifecycle(lifecycle: Draft<V1Lifecycle>): Draft<V1Lifecycle> {
  const { postStart, preStop } = lifecycle
  return {
    ...lifecycle,
    ...(postStart === undefined ? {} : { postStart: { ...postStart, ...fillHttpGet(postStart) } }),
    ...(preStop === undefined ? {} : { preStop: { ...preStop, ...fillHttpGet(preStop) } }),
  }
}

function fillHttpGet({
  httpGet,
}: Pick<Draft<V1LifecycleHandler>, 'httpGet'>): Pick<Draft<V1LifecycleHandler>, 'httpGet'> {
  if (httpGet === undefined) return {}
  return { httpGet: { ...httpGet, path: orDefault(httpGet.path, '/'), scheme: orDefault(httpGet.scheme, 'HTTP') } }
}
