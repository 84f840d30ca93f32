/**
 * What of a Pod peapod carries out: the fields that are listed, and no others. A field that Kubernetes adds is refused
 * until it is entered here.
 */
export type CarriedOut =
  /** All of it, with whatever is inside, or kept as data because it asks nothing of a single machine. */
  | 'whole'
  /** An object, a list of such objects, or a map: these names, and no others. */
  | { readonly fields: Readonly<Record<string, CarriedOut>> }
  /** These values, and no others. */
  | { readonly values: readonly unknown[]; readonly advice: string }

const ONLY_FALSE: CarriedOut = { values: [false], advice: 'remove it' }

const SECCOMP: CarriedOut = {
  fields: { type: { values: ['RuntimeDefault', 'Unconfined'], advice: 'use RuntimeDefault or Unconfined' } },
}
const AMOUNTS: CarriedOut = { fields: { cpu: 'whole', memory: 'whole' } }

const CONTAINER: Readonly<Record<string, CarriedOut>> = {
  name: 'whole',
  image: 'whole',
  imagePullPolicy: 'whole',
  command: 'whole',
  args: 'whole',
  env: {
    fields: {
      name: 'whole',
      value: 'whole',
      valueFrom: {
        fields: { fieldRef: 'whole', resourceFieldRef: 'whole', configMapKeyRef: 'whole', secretKeyRef: 'whole' },
      },
    },
  },
  envFrom: 'whole',
  workingDir: 'whole',
  ports: {
    fields: {
      containerPort: 'whole',
      hostPort: 'whole',
      hostIP: 'whole',
      name: 'whole',
      protocol: { values: ['TCP', 'UDP'], advice: 'use TCP or UDP' },
    },
  },
  resources: { fields: { requests: AMOUNTS, limits: AMOUNTS } },
  resizePolicy: 'whole',
  volumeMounts: {
    fields: {
      name: 'whole',
      mountPath: 'whole',
      readOnly: 'whole',
      subPath: 'whole',
      mountPropagation: { values: ['None'], advice: 'use None' },
      recursiveReadOnly: { values: ['Disabled'], advice: 'use Disabled' },
    },
  },
  livenessProbe: 'whole',
  readinessProbe: 'whole',
  startupProbe: 'whole',
  lifecycle: 'whole',
  restartPolicy: 'whole',
  restartPolicyRules: 'whole',
  stdin: 'whole',
  stdinOnce: 'whole',
  tty: 'whole',
  terminationMessagePath: 'whole',
  terminationMessagePolicy: 'whole',
  securityContext: {
    fields: {
      runAsUser: 'whole',
      runAsGroup: 'whole',
      runAsNonRoot: 'whole',
      capabilities: { fields: { add: 'whole', drop: 'whole' } },
      privileged: 'whole',
      allowPrivilegeEscalation: 'whole',
      readOnlyRootFilesystem: 'whole',
      seccompProfile: SECCOMP,
      procMount: { values: ['Default'], advice: 'use Default' },
    },
  },
}

/** What Kubernetes refuses an ephemeral container does not get here. */
const EPHEMERAL_CONTAINER: Readonly<Record<string, CarriedOut>> = { ...CONTAINER, targetContainerName: 'whole' }

export const CARRIED_OUT_OF_POD: CarriedOut = {
  fields: {
    apiVersion: 'whole',
    kind: 'whole',
    metadata: 'whole',
    // What a manifest says here is not asked for: the server writes it.
    status: 'whole',
    spec: {
      fields: {
        containers: { fields: CONTAINER },
        initContainers: { fields: CONTAINER },
        ephemeralContainers: { fields: EPHEMERAL_CONTAINER },
        volumes: {
          fields: {
            name: 'whole',
            emptyDir: {
              fields: { medium: { values: ['', 'Memory'], advice: 'use Memory or remove it' }, sizeLimit: 'whole' },
            },
            hostPath: 'whole',
            configMap: 'whole',
            secret: 'whole',
            downwardAPI: 'whole',
            projected: {
              fields: {
                defaultMode: 'whole',
                sources: {
                  fields: { configMap: 'whole', secret: 'whole', downwardAPI: 'whole', serviceAccountToken: 'whole' },
                },
              },
            },
          },
        },
        restartPolicy: 'whole',
        terminationGracePeriodSeconds: 'whole',
        activeDeadlineSeconds: 'whole',
        readinessGates: 'whole',
        securityContext: {
          fields: {
            runAsUser: 'whole',
            runAsGroup: 'whole',
            runAsNonRoot: 'whole',
            supplementalGroups: 'whole',
            seccompProfile: SECCOMP,
          },
        },
        hostNetwork: 'whole',
        hostPID: ONLY_FALSE,
        hostIPC: ONLY_FALSE,
        shareProcessNamespace: ONLY_FALSE,
        setHostnameAsFQDN: ONLY_FALSE,
        hostUsers: { values: [true], advice: 'remove it' },
        hostname: 'whole',
        subdomain: 'whole',
        hostAliases: 'whole',
        dnsPolicy: 'whole',
        dnsConfig: 'whole',
        enableServiceLinks: 'whole',
        automountServiceAccountToken: 'whole',
        serviceAccountName: 'whole',
        serviceAccount: 'whole',
        os: { fields: { name: { values: ['linux'], advice: 'peapod runs Linux containers' } } },
        // Which pods get the one node: kube/lifecycle/node-fit.ts.
        schedulerName: 'whole',
        nodeName: 'whole',
        nodeSelector: 'whole',
        tolerations: 'whole',
        affinity: 'whole',
        topologySpreadConstraints: 'whole',
        priority: 'whole',
        priorityClassName: 'whole',
        preemptionPolicy: 'whole',
      },
    },
  },
}

/** What to do without a field, by its name; other fields are simply to be removed. */
export const ADVICE: Readonly<Record<string, string>> = {
  fileKeyRef: 'write the value itself',
  clusterTrustBundle: 'put the certificates into a ConfigMap',
  podCertificate: 'put a certificate into a Secret',
  persistentVolumeClaim: 'use a hostPath',
  image: 'use an emptyDir that an init container with this image fills',
  imagePullSecrets: 'log in to the registry instead: credentials are read from the auth file of Docker or containers',
  subPathExpr: 'use subPath with the path itself',
  fsGroup: 'use supplementalGroups, or have an init container change the owner',
}
