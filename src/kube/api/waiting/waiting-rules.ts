/** A rule of Kubernetes that holds a pod where it is. */
export interface WaitingRule {
  /** In docs/pod-lifecycle.md; absent for rules that are not of a pod's life. */
  readonly id?: string
  /** What it says, as the end of a sentence. */
  readonly says: string
  readonly see: string
}

const DOCS = 'https://kubernetes.io/docs/concepts'
const LIFECYCLE = `${DOCS}/workloads/pods/pod-lifecycle`
const TERMINATION = `${LIFECYCLE}/#pod-termination`
const PROBES = `${LIFECYCLE}/#container-probes`
const HOOKS = `${DOCS}/containers/container-lifecycle-hooks/`
const SIDECARS = `${DOCS}/workloads/pods/sidecar-containers/`

export const RULES = {
  scheduling: {
    says: 'a Pod starts once a node has what it asks for',
    see: `${DOCS}/scheduling-eviction/kube-scheduler/`,
  },
  schedulingGates: {
    says: 'a Pod is given to no node before its scheduling gates are removed',
    see: `${DOCS}/scheduling-eviction/pod-scheduling-readiness/`,
  },
  sandbox: {
    id: 'S1',
    says: "a Pod's network comes before its containers",
    see: `${LIFECYCLE}/#pod-has-network`,
  },
  volumes: { id: 'S14', says: "a Pod's volumes come before its containers", see: `${DOCS}/storage/volumes/` },
  initOrder: {
    id: 'S2',
    says: 'init containers run one after the other, each to its end, before the app containers',
    see: `${DOCS}/workloads/pods/init-containers/`,
  },
  initRetry: {
    id: 'S3',
    says: 'an init container that failed runs again before anything after it starts',
    see: `${DOCS}/workloads/pods/init-containers/#detailed-behavior`,
  },
  sidecarStarted: { id: 'S4', says: 'what comes after a sidecar starts once the sidecar has started', see: SIDECARS },
  postStart: { id: 'H1', says: 'a container has started once its postStart hook is done', see: HOOKS },
  startupProbe: {
    id: 'P3',
    says: 'until its startup probe succeeds a container has not started and its other probes do not run',
    see: PROBES,
  },
  readinessProbe: {
    id: 'P5',
    says: 'a Pod is ready while the readiness probes of all of its containers succeed',
    see: PROBES,
  },
  readinessGates: {
    says: 'a Pod is ready once its containers are and the conditions of its readiness gates are True',
    see: `${LIFECYCLE}/#pod-readiness-gate`,
  },
  backOff: {
    id: 'R2',
    says: 'the wait before a restart doubles each time, from 10 s to 5 min',
    see: `${LIFECYCLE}/#restart-policy`,
  },
  restartPolicy: {
    id: 'R1',
    says: 'the restart policy decides who is started again',
    see: `${LIFECYCLE}/#restart-policy`,
  },
  image: {
    says: 'a container is made from its image, and a failed pull is tried again after 10 s to 5 min',
    see: `${DOCS}/containers/images/#imagepullbackoff`,
  },
  configuration: {
    says: 'a container is made once the ConfigMaps, Secrets and settings that it names are right',
    see: `${DOCS}/configuration/configmap/`,
  },
  start: {
    id: 'S7',
    says: 'app containers start one after the other, in the order of the spec',
    see: `${LIFECYCLE}/#container-states`,
  },
  grace: {
    id: 'H5',
    says: 'a container that is stopped has the grace period to end, then it is killed',
    see: TERMINATION,
  },
  preStop: { id: 'H2', says: 'preStop hooks run before the stop signal, inside the grace period', see: HOOKS },
  sidecarsLast: {
    id: 'H6',
    says: 'sidecars are stopped after the last app container, the last one first',
    see: `${LIFECYCLE}/#pod-termination-flow`,
  },
  sidecarsAfterWork: { id: 'H7', says: 'when all app containers are done the sidecars are stopped', see: SIDECARS },
  removal: { id: 'H10', says: 'a Pod gets its final phase before it is removed', see: TERMINATION },
  finalizers: {
    says: 'an object is removed once all of its finalizers are',
    see: `${DOCS}/overview/working-with-objects/finalizers/`,
  },
  phase: {
    id: 'S10',
    says: 'a Pod is over when none of its app containers runs or will',
    see: `${LIFECYCLE}/#pod-phase`,
  },
  deadline: {
    id: 'S13',
    says: 'a Pod fails when activeDeadlineSeconds are over',
    see: `${DOCS}/workloads/pods/init-containers/#detailed-behavior`,
  },
} as const satisfies Readonly<Record<string, WaitingRule>>
