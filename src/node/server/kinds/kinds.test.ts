import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeStandingPriorityClasses } from '../make-standing-priority-classes.ts'
import { randomIds } from '../server-parts.ts'
import { TestServer } from '../test-server.ts'
import { allKinds } from './kinds.ts'

interface Case {
  readonly what: string
  /** The collection under /api/v1/namespaces/default, or a path of its own. */
  readonly at: string
  readonly object: object
}

interface Kept extends Case {
  /** What is stored, without metadata. */
  readonly kept: object
}

interface Refused extends Case {
  /** Field and sentence of each problem. */
  readonly problems: readonly (readonly [field: string, sentence: string])[]
}

interface Updated extends Case {
  readonly change: object
  readonly problems?: readonly (readonly [field: string, sentence: string])[]
  /** Parts of the object afterwards. */
  readonly after?: object
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const ROLES = `${RBAC}/namespaces/default/roles`
const ROLE_BINDINGS = `${RBAC}/namespaces/default/rolebindings`
const PRIORITY_CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const ENDPOINT_SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const VIEW = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }

const IMMUTABLE = 'Forbidden: field is immutable when `immutable` is set'

const KEPT: readonly Kept[] = [
  {
    what: 'a ConfigMap is kept as it is',
    at: 'configmaps',
    object: { data: { a: '1' }, binaryData: { b: 'AAE=' } },
    kept: { data: { a: '1' }, binaryData: { b: 'AAE=' } },
  },
  {
    what: 'stringData of a Secret becomes data, and wins over it',
    at: 'secrets',
    object: { data: { a: 'MQ==', b: 'Mg==' }, stringData: { b: '3', c: 'ü' } },
    kept: { type: 'Opaque', data: { a: 'MQ==', b: 'Mw==', c: 'w7w=' } },
  },
  { what: 'an empty Secret has a type', at: 'secrets', object: {}, kept: { type: 'Opaque' } },
  {
    what: 'a ServiceAccount',
    at: 'serviceaccounts',
    object: { imagePullSecrets: [{ name: 'registry' }] },
    kept: { imagePullSecrets: [{ name: 'registry' }] },
  },
  {
    what: 'a Lease keeps its microseconds',
    at: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    object: { spec: { holderIdentity: 'me', renewTime: '2026-01-02T03:04:05.123456Z' } },
    kept: { spec: { holderIdentity: 'me', renewTime: '2026-01-02T03:04:05.123456Z' } },
  },
  {
    what: 'a Service with an address of its own choice',
    at: 'services',
    object: { spec: { clusterIP: '10.96.0.10', selector: { app: 'a' }, ports: [{ port: 80 }] } },
    kept: {
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.10',
        clusterIPs: ['10.96.0.10'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
        selector: { app: 'a' },
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
      status: { loadBalancer: {} },
    },
  },
  {
    what: 'a headless Service has none',
    at: 'services',
    object: { spec: { clusterIP: 'None', sessionAffinity: 'ClientIP' } },
    kept: {
      spec: {
        type: 'ClusterIP',
        clusterIP: 'None',
        clusterIPs: ['None'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
      },
      status: { loadBalancer: {} },
    },
  },
  {
    what: 'an ExternalName needs no more',
    at: 'services',
    object: { spec: { type: 'ExternalName', externalName: 'example.com.' } },
    kept: {
      spec: { type: 'ExternalName', externalName: 'example.com.', sessionAffinity: 'None' },
      status: { loadBalancer: {} },
    },
  },
  {
    what: 'Endpoints',
    at: 'endpoints',
    object: { subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] },
    kept: { subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80, protocol: 'TCP' }] }] },
  },
  {
    what: 'an EndpointSlice',
    at: ENDPOINT_SLICES,
    object: { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'] }], ports: [{ port: 80 }] },
    kept: {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.2.3'] }],
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
    },
  },
  {
    what: 'defaults of a LimitRange follow from its limits',
    at: 'limitranges',
    object: { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }] } },
    kept: {
      spec: {
        limits: [
          {
            type: 'Container',
            max: { cpu: '2' },
            min: { memory: '1Mi' },
            default: { cpu: '2' },
            defaultRequest: { cpu: '2', memory: '1Mi' },
          },
        ],
      },
    },
  },
  {
    what: 'a ResourceQuota',
    at: 'resourcequotas',
    object: { spec: { hard: { pods: '10', 'limits.memory': '1024Mi' }, scopes: ['NotBestEffort'] } },
    kept: { spec: { hard: { pods: '10', 'limits.memory': '1Gi' }, scopes: ['NotBestEffort'] }, status: {} },
  },
  {
    what: 'a PriorityClass',
    at: PRIORITY_CLASSES,
    object: { value: 5 },
    kept: { value: 5, preemptionPolicy: 'PreemptLowerPriority' },
  },
  {
    what: 'a RuntimeClass',
    at: '/apis/node.k8s.io/v1/runtimeclasses',
    object: { handler: 'crun' },
    kept: { handler: 'crun' },
  },
  {
    what: 'a Node comes with its status',
    at: '/api/v1/nodes',
    object: { spec: { unschedulable: true }, status: { capacity: { cpu: '2' } } },
    kept: { spec: { unschedulable: true }, status: { capacity: { cpu: '2' } } },
  },
  {
    what: 'names of roles may be anything that a path can hold',
    at: ROLES,
    object: {
      metadata: { name: 'system:a B' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
    kept: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  },
  {
    what: 'a RoleBinding: groups are filled in',
    at: ROLE_BINDINGS,
    object: {
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', name: 'jane' },
        { kind: 'ServiceAccount', name: 'default' },
      ],
    },
    kept: {
      roleRef: VIEW,
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' },
        { kind: 'ServiceAccount', name: 'default' },
      ],
    },
  },
]

const REFUSED: readonly Refused[] = [
  {
    what: 'keys of a ConfigMap',
    at: 'configmaps',
    object: { data: { 'a b': '', '..': '', c: '' }, binaryData: { c: '' } },
    problems: [
      [
        'data[a b]',
        "Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
      ['data[..]', 'Invalid value: "..": must not be \'..\''],
      ['data[c]', 'Invalid value: "c": duplicate of key present in binaryData'],
    ],
  },
  {
    what: 'a ConfigMap above 1 MiB',
    at: 'configmaps',
    object: { data: { a: 'ä'.repeat(512 * 1024), b: '.' } },
    problems: [['[]', 'Too long: must have at most 1048576 bytes']],
  },
  {
    what: 'a TLS Secret without its key',
    at: 'secrets',
    object: { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } },
    problems: [['data[tls.key]', 'Required value']],
  },
  {
    what: 'registry credentials that are no JSON: they are not repeated',
    at: 'secrets',
    object: { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'password' } },
    problems: [['data[.dockerconfigjson]', 'Invalid value: "<secret contents redacted>": must be a JSON object']],
  },
  {
    what: 'a token of nobody',
    at: 'secrets',
    object: { type: 'kubernetes.io/service-account-token' },
    problems: [['metadata.annotations[kubernetes.io/service-account.name]', 'Required value']],
  },
  {
    what: 'basic authentication without name and password',
    at: 'secrets',
    object: { type: 'kubernetes.io/basic-auth' },
    problems: [
      ['data[username]', 'Required value'],
      ['data[password]', 'Required value'],
    ],
  },
  {
    what: 'a Lease that never lasts',
    at: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    object: { spec: { leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: 'me' } },
    problems: [
      ['spec.leaseDurationSeconds', 'Invalid value: 0: must be greater than 0'],
      ['spec.leaseTransitions', 'Invalid value: -1: must be greater than or equal to 0'],
      ['spec.preferredHolder', 'Forbidden: may only be specified if `strategy` is defined'],
    ],
  },
  {
    what: 'a Service without ports, with a name that no variable can have',
    at: 'services',
    object: { metadata: { name: '1a' }, spec: {} },
    problems: [
      [
        'metadata.name',
        "Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
      ['spec.ports', 'Required value'],
    ],
  },
  {
    what: 'ports of a Service',
    at: 'services',
    object: {
      spec: {
        ports: [
          { name: 'a', port: 80, nodePort: 30000 },
          { name: 'a', port: 80, targetPort: 'Web' },
          { port: 70000, protocol: 'HTTP' },
        ],
      },
    },
    problems: [
      [
        'spec.ports[1].targetPort',
        'Invalid value: "Web": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      ],
      ['spec.ports[1].name', 'Duplicate value: "a"'],
      ['spec.ports[2].name', 'Required value'],
      ['spec.ports[2].port', 'Invalid value: 70000: must be between 1 and 65535, inclusive'],
      ['spec.ports[2].protocol', 'Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
      ['spec.ports[2].targetPort', 'Invalid value: 70000: must be between 1 and 65535, inclusive'],
      ['spec.ports[0].nodePort', "Forbidden: may not be used when `type` is 'ClusterIP'"],
      ['spec.ports[1]', 'Duplicate value: {"port":80,"protocol":"TCP"}'],
    ],
  },
  {
    what: 'addresses and ports outside of the ranges',
    at: 'services',
    object: { spec: { type: 'NodePort', clusterIP: '10.1.1.1', ports: [{ port: 80, nodePort: 80 }] } },
    problems: [
      [
        'spec.clusterIPs',
        'Invalid value: ["10.1.1.1"]: failed to allocate IP 10.1.1.1: the provided IP (10.1.1.1) is not in the valid range. The range of valid IPs is 10.96.0.0/12',
      ],
      [
        'spec.ports[0].nodePort',
        'Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
    ],
  },
  {
    what: 'a Service of many wishes',
    at: 'services',
    object: {
      spec: {
        type: 'Any',
        clusterIP: 'None',
        sessionAffinity: 'Cookie',
        ipFamilies: ['IPv6'],
        trafficDistribution: 'Far',
      },
    },
    problems: [
      ['spec.sessionAffinity', 'Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
      ['spec.ipFamilies[0]', 'Invalid value: "IPv6": not configured on this cluster'],
      [
        'spec.type',
        'Unsupported value: "Any": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
      [
        'spec.trafficDistribution',
        'Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
      ],
    ],
  },
  {
    what: 'Endpoints that nobody can reach',
    at: 'endpoints',
    object: { subsets: [{}, { addresses: [{ ip: '127.0.0.1' }, { ip: 'x' }], ports: [{ port: 0 }, { port: 1 }] }] },
    problems: [
      ['subsets[0]', 'Required value: must specify `addresses` or `notReadyAddresses`'],
      [
        'subsets[1].addresses[0].ip',
        'Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
      [
        'subsets[1].addresses[1].ip',
        'Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
      ['subsets[1].ports[0].name', 'Required value'],
      ['subsets[1].ports[0].port', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
      ['subsets[1].ports[1].name', 'Required value'],
    ],
  },
  {
    what: 'an EndpointSlice of an unknown type without addresses',
    at: ENDPOINT_SLICES,
    object: { addressType: 'MAC', endpoints: [{}] },
    problems: [
      ['addressType', 'Unsupported value: "MAC": supported values: "FQDN", "IPv4", "IPv6"'],
      ['endpoints[0].addresses', 'Required value: must contain at least 1 address'],
    ],
  },
  {
    what: 'a LimitRange that nothing fits into',
    at: 'limitranges',
    object: {
      spec: {
        limits: [
          { type: 'Pod', default: { cpu: '1' }, max: { storage: '1' } },
          { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '500m' } },
          { type: 'Node' },
        ],
      },
    },
    problems: [
      ['spec.limits[0].max[storage]', 'Invalid value: "storage": must be a standard resource for containers'],
      ['spec.limits[0].default', "Forbidden: may not be specified when `type` is 'Pod'"],
      ['spec.limits[1].min[cpu]', 'Invalid value: "2": min value 2 is greater than max value 1'],
      ['spec.limits[1].defaultRequest[cpu]', 'Invalid value: "1": min value 2 is greater than default request value 1'],
      ['spec.limits[1].default[cpu]', 'Invalid value: "2": min value 2 is greater than default value 1'],
      ['spec.limits[1].maxLimitRequestRatio[cpu]', 'Invalid value: "500m": ratio 500m is less than 1'],
      ['spec.limits[2].type', 'Invalid value: "Node": must be a standard limit type or fully qualified'],
    ],
  },
  {
    what: 'a ResourceQuota of scopes that exclude each other',
    at: 'resourcequotas',
    object: {
      spec: {
        hard: { apples: '1', pods: '1.5' },
        scopes: ['Terminating', 'NotTerminating', 'Odd'],
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] },
      },
    },
    problems: [
      ['spec.hard[apples]', 'Invalid value: "apples": must be a standard resource type or fully qualified'],
      ['spec.hard[apples]', 'Invalid value: "apples": must be a standard resource for quota'],
      ['spec.hard[pods]', 'Invalid value: "1500m": must be an integer'],
      ['spec.scopes', 'Invalid value: ["Terminating","NotTerminating","Odd"]: unsupported scope applied to resource'],
      ['spec.scopes', 'Invalid value: ["Terminating","NotTerminating","Odd"]: unsupported scope applied to resource'],
      ['spec.scopes', 'Invalid value: ["Terminating","NotTerminating","Odd"]: unsupported scope'],
      ['spec.scopes', 'Invalid value: ["Terminating","NotTerminating","Odd"]: conflicting scopes'],
      ['spec.scopeSelector.matchExpressions', 'Invalid value: "PriorityClass": unsupported scope applied to resource'],
      [
        'spec.scopeSelector.matchExpressions.values',
        "Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      ],
    ],
  },
  {
    what: 'a priority above what users may give',
    at: PRIORITY_CLASSES,
    object: { value: 1000000001, preemptionPolicy: 'Always' },
    problems: [
      ['value', 'Forbidden: maximum allowed value of a user defined priority is 1000000000'],
      ['preemptionPolicy', 'Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"'],
    ],
  },
  {
    what: 'a PriorityClass under a name of the system',
    at: PRIORITY_CLASSES,
    object: { metadata: { name: 'system-mine' }, value: 1 },
    problems: [
      [
        'metadata.name',
        "Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
      ],
    ],
  },
  {
    what: 'taints that say the same twice',
    at: '/api/v1/nodes',
    object: {
      spec: {
        taints: [
          { key: 'a', effect: 'NoSchedule' },
          { key: 'a', effect: 'NoSchedule' },
          { key: 'b', effect: 'Never' },
        ],
      },
    },
    problems: [
      [
        'metadata.taints[1]',
        'Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      ],
      [
        'metadata.taints[2].effect',
        'Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
  },
  {
    what: 'rules that allow nothing',
    at: ROLES,
    object: { metadata: { name: 'a%b' }, rules: [{ nonResourceURLs: ['/'], verbs: ['get'] }, {}] },
    problems: [
      ['metadata.name', 'Invalid value: "a%b": may not contain \'%\''],
      ['rules[0].nonResourceURLs', 'Invalid value: ["/"]: namespaced rules cannot apply to non-resource URLs'],
      ['rules[1].verbs', 'Required value: verbs must contain at least one value'],
      ['rules[1].apiGroups', 'Required value: resource rules must supply at least one api group'],
      ['rules[1].resources', 'Required value: resource rules must supply at least one resource'],
    ],
  },
  {
    what: 'a ClusterRoleBinding to a Role, for accounts of no namespace',
    at: `${RBAC}/clusterrolebindings`,
    object: {
      roleRef: { kind: 'Role', name: 'a' },
      subjects: [
        { kind: 'ServiceAccount', name: 'default' },
        { kind: 'Robot', name: '' },
      ],
    },
    problems: [
      ['roleRef.kind', 'Unsupported value: "Role": supported values: "ClusterRole"'],
      ['subjects[0].namespace', 'Required value'],
      ['subjects[1].name', 'Required value'],
      ['subjects[1].kind', 'Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    ],
  },
  {
    what: 'a template that no Pod could be made from',
    at: 'podtemplates',
    object: { template: { metadata: { labels: { 'a b': '' } }, spec: { containers: [{ name: 'a' }] } } },
    problems: [
      [
        'template.labels',
        "Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
      ['template.spec.containers[0].image', 'Required value'],
    ],
  },
]

const UPDATED: readonly Updated[] = [
  {
    what: 'a ConfigMap becomes immutable',
    at: 'configmaps',
    object: { data: { a: '1' } },
    change: { immutable: true },
    after: { data: { a: '1' }, immutable: true },
  },
  {
    what: 'an immutable ConfigMap stays so',
    at: 'configmaps',
    object: { data: { a: '1' }, immutable: true },
    change: { immutable: null, data: { a: '2' }, binaryData: { b: '' } },
    problems: [
      ['immutable', IMMUTABLE],
      ['data', IMMUTABLE],
      ['binaryData', IMMUTABLE],
    ],
  },
  {
    what: 'labels of an immutable ConfigMap may change',
    at: 'configmaps',
    object: { data: { a: '1' }, immutable: true },
    change: { metadata: { labels: { a: 'b' } } },
  },
  {
    what: 'the type of a Secret stays',
    at: 'secrets',
    object: {},
    change: { type: 'example.com/other' },
    problems: [['type', 'Invalid value: "example.com/other": field is immutable']],
  },
  {
    what: 'stringData is merged into what a Secret holds',
    at: 'secrets',
    object: { stringData: { a: '1', b: '2' } },
    change: { stringData: { b: '3' } },
    after: { type: 'Opaque', data: { a: 'MQ==', b: 'Mw==' } },
  },
  {
    what: 'the address of a Service stays',
    at: 'services',
    object: { spec: { ports: [{ port: 80 }] } },
    change: { spec: { clusterIP: '10.96.0.77', clusterIPs: ['10.96.0.77'] } },
    problems: [['spec.clusterIPs[0]', 'Invalid value: ["10.96.0.77"]: may not change once set']],
  },
  {
    what: 'a Service that is told to be an ExternalName gives its address back',
    at: 'services',
    object: { spec: { ports: [{ port: 80 }] } },
    change: {
      spec: {
        type: 'ExternalName',
        externalName: 'example.com',
        clusterIP: null,
        clusterIPs: null,
        ipFamilies: null,
        ipFamilyPolicy: null,
        internalTrafficPolicy: null,
      },
    },
    after: {
      spec: {
        type: 'ExternalName',
        externalName: 'example.com',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        sessionAffinity: 'None',
      },
      status: { loadBalancer: {} },
    },
  },
  {
    what: 'the value of a PriorityClass stays',
    at: PRIORITY_CLASSES,
    object: { value: 1 },
    change: { value: 2, preemptionPolicy: 'Never' },
    problems: [
      ['value', 'Forbidden: may not be changed in an update.'],
      ['preemptionPolicy', 'Invalid value: "Never": field is immutable'],
    ],
  },
  {
    what: 'what a binding binds to stays',
    at: ROLE_BINDINGS,
    object: { roleRef: VIEW },
    change: { roleRef: { name: 'admin' } },
    problems: [
      [
        'roleRef',
        'Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"}: cannot change roleRef',
      ],
    ],
  },
  {
    what: 'the provider of a Node stays',
    at: '/api/v1/nodes',
    object: { spec: { providerID: 'a', podCIDRs: ['10.0.0.0/24'] } },
    change: { spec: { providerID: 'b', podCIDRs: ['10.0.1.0/24'] } },
    problems: [
      ['spec.podCIDRs', 'Forbidden: node updates may not change podCIDR except from "" to valid'],
      ['spec.providerID', 'Forbidden: node updates may not change providerID except from "" to valid'],
    ],
  },
  {
    what: 'scopes of a ResourceQuota stay',
    at: 'resourcequotas',
    object: { spec: { scopes: ['BestEffort'] } },
    change: { spec: { scopes: [] } },
    problems: [['spec.scopes', 'Invalid value: []: field is immutable']],
  },
  {
    what: 'the address type of an EndpointSlice stays',
    at: ENDPOINT_SLICES,
    object: { addressType: 'IPv4' },
    change: { addressType: 'IPv6' },
    problems: [['addressType', 'Invalid value: "IPv6": field is immutable']],
  },
  {
    what: 'the handler of a RuntimeClass stays',
    at: '/apis/node.k8s.io/v1/runtimeclasses',
    object: { handler: 'crun' },
    change: { handler: 'runc' },
    problems: [['handler', 'Invalid value: "runc": field is immutable']],
  },
]

describe('kinds', () => {
  let server: TestServer
  let serial = 0
  before(async () => {
    server = await TestServer.open()
  })
  after(() => server[Symbol.asyncDispose]())

  const create = (at: string, object: object): ReturnType<TestServer['send']> => {
    const path = at.startsWith('/') ? at : `/api/v1/namespaces/default/${at}`
    const metadata = { name: `n${++serial}`, ...('metadata' in object ? (object.metadata as object) : {}) }
    return server.send('POST', path, { body: { ...object, metadata } })
  }

  for (const { what, at, object, kept } of KEPT) {
    it(what, async () => {
      const { code, json, text } = await create(at, object)
      assert.equal(code, 201, text)
      const { apiVersion, kind, metadata, ...rest } = json
      assert.deepEqual(rest, kept)
      assert.deepEqual(
        [apiVersion === undefined, kind === undefined, metadata?.['creationTimestamp']],
        [false, false, '2026-01-02T03:04:05Z'],
      )
    })
  }

  for (const { what, at, object, problems } of REFUSED) {
    it(`refuses ${what}`, async () => {
      const { code, json } = await create(at, object)
      assert.equal(code, 422, JSON.stringify(json))
      assert.deepEqual(causesOf(json), problems)
    })
  }

  for (const { what, at, object, change, problems, after: afterwards } of UPDATED) {
    it(`update: ${what}`, async () => {
      const created = await create(at, object)
      assert.equal(created.code, 201, created.text)
      const path = at.startsWith('/') ? at : `/api/v1/namespaces/default/${at}`
      const { code, json, text } = await server.send('PATCH', `${path}/${String(created.json.metadata?.['name'])}`, {
        body: change,
        headers: { 'content-type': 'application/merge-patch+json' },
      })
      assert.equal(code, problems === undefined ? 200 : 422, text)
      if (problems !== undefined) assert.deepEqual(causesOf(json), problems)
      else if (afterwards !== undefined) {
        const { apiVersion, kind, metadata } = json
        assert.deepEqual(json, { apiVersion, kind, metadata, ...afterwards })
      }
    })
  }

  it('Services on ports of the node get ports that are free, one for both protocols', async () => {
    const ports = [
      { name: 'tcp', port: 53, protocol: 'TCP' },
      { name: 'udp', port: 53, protocol: 'UDP' },
      { name: 'web', port: 80, nodePort: 30001 },
      { name: 'metrics', port: 90 },
    ]
    const { json } = await create('services', { spec: { type: 'NodePort', ports } })
    const { spec } = json as {
      spec: { ports: { nodePort: number }[]; externalTrafficPolicy: string; clusterIP: string }
    }
    assert.deepEqual(
      spec.ports.map(({ nodePort }) => nodePort),
      [30000, 30000, 30001, 30002],
    )
    assert.equal(spec.externalTrafficPolicy, 'Cluster')
    assert.match(spec.clusterIP, /^10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+$/)
    const again = await create('services', { spec: { clusterIP: spec.clusterIP, type: 'NodePort', ports } })
    assert.deepEqual(causesOf(again.json), [
      [
        'spec.clusterIPs',
        `Invalid value: ["${spec.clusterIP}"]: failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
      ],
      ['spec.ports[2].nodePort', 'Invalid value: 30001: provided port is already allocated'],
    ])
  })

  it('a Service that is replaced without its address keeps it', async () => {
    const { json } = await create('services', { spec: { ports: [{ port: 80 }] } })
    const name = String(json.metadata?.['name'])
    const replaced = await server.send('PUT', `/api/v1/namespaces/default/services/${name}`, {
      body: { metadata: { name }, spec: { ports: [{ port: 81 }] } },
    })
    const clusterIP = ({ json: of }: { json: object }): string => (of as { spec: { clusterIP: string } }).spec.clusterIP
    assert.equal(clusterIP(replaced), clusterIP({ json }))
  })

  it('a PodTemplate has what a Pod would get', async () => {
    const { json } = await create('podtemplates', {
      template: { spec: { containers: [{ name: 'a', image: 'busybox' }] } },
    })
    const { template } = json as { template: { metadata?: object; spec: Record<string, unknown> } }
    assert.deepEqual([template.spec['restartPolicy'], template.spec['dnsPolicy']], ['Always', 'ClusterFirst'])
    assert.deepEqual([json.metadata?.['generation'], template.metadata], [1, undefined])
  })

  it('the classes of the system are there, and can be brought up to date but not changed', async () => {
    const parts = { store: server.store, ids: randomIds, clock: { nowMs: () => server.nowMs } }
    await makeStandingPriorityClasses(parts)
    await makeStandingPriorityClasses(parts)
    const { json } = await server.get(PRIORITY_CLASSES)
    const { items } = json as unknown as { items: { metadata: { name: string }; value: number }[] }
    const system = items.filter(({ metadata }) => metadata.name.startsWith('system-'))
    assert.deepEqual(
      system.map(({ metadata, value }) => [metadata.name, value]),
      [
        ['system-cluster-critical', 2_000_000_000],
        ['system-node-critical', 2_000_001_000],
      ],
    )
    const patch = { headers: { 'content-type': 'application/merge-patch+json' } }
    const path = `${PRIORITY_CLASSES}/system-node-critical`
    assert.equal((await server.send('PATCH', path, { ...patch, body: { description: 'mine' } })).code, 200)
    const changed = await server.send('PATCH', path, { ...patch, body: { value: 1 } })
    assert.equal(changed.code, 422)
  })

  it('each is declared as Kubernetes would', async () => {
    for (const kind of await allKinds()) {
      const { resource, singular, shortNames } = kind
      assert.equal(singular, resource.kind.toLowerCase(), 'Kubernetes has no other singular names')
      assert.match(resource.plural, /^[a-z]+$/)
      assert.equal(new Set(shortNames).size, shortNames.length)
      for (const field of kind.selectableFields) {
        assert.equal(
          kind.fieldValue({ apiVersion: '', kind: '', metadata: {}, spec: {}, involvedObject: {} } as never, field)
            .length >= 0,
          true,
        )
      }
      const columns = await kind.columns?.()
      if (columns === undefined) continue
      assert.equal(columns.filter(({ format }) => format === 'name').length, 1, resource.plural)
      assert.equal(new Set(columns.map(({ name }) => name)).size, columns.length)
    }
  })
})

function causesOf(json: object): unknown {
  const { details } = json as { details?: { causes?: { field: string; message: string }[] } }
  return details?.causes?.map(({ field, message }) => [field, message])
}

describe('workloads that this server does not run', () => {
  it('are none, cannot be made, and discovery does not name them', async () => {
    await using server = await TestServer.open()
    for (const path of ['/api/v1/replicationcontrollers', '/apis/apps/v1/namespaces/kube-system/daemonsets']) {
      const { code, json } = await server.get(path)
      assert.deepEqual([code, json.items], [200, []], path)
    }
    const body = { metadata: { name: 'web' } }
    assert.equal((await server.send('POST', '/apis/apps/v1/namespaces/default/deployments', { body })).code, 405)
    assert.equal((await server.get('/apis/apps/v1/namespaces/default/deployments/web')).code, 404)
    assert.ok(!(await server.get('/apis')).text.includes('"apps"'))
  })
})
