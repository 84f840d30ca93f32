import type { Container, Pod, PodSpec } from '../../kube/api/pod.ts'

/** A container of a test: a healthy one, with the smallest change. */
export function testContainer(change: Partial<Container> = {}): Container {
  return {
    name: 'app',
    image: 'peapod.local/busybox',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...change,
  }
}

/** A pod of a test: one healthy container, with the smallest change. */
export function testPod(change: Partial<PodSpec> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: '11111111-2222-3333-4444-555555555555' },
    spec: {
      containers: [testContainer()],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      ...change,
    },
  }
}
