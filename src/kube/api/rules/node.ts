import type { V1Node, V1Taint } from '@kubernetes/client-node'
import { parseQuantity } from '../quantity.ts'
import type { Draft, Finding } from './finding.ts'
import { duplicate, forbidden, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { brokenByLabelValue, brokenByQualifiedName } from './names.ts'

// Source: ValidateNode of pkg/apis/core/validation.

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function checkNode({ spec = {}, status = {} }: Draft<V1Node>): Finding[] {
  const { taints = [], podCIDRs = [] } = spec
  return [
    // Kubernetes reports them there too.
    ...taints.flatMap((taint, index) => [
      ...checkTaint(taint, `metadata.taints[${index}]`),
      ...(taints.findIndex(({ key, effect }) => key === taint.key && effect === taint.effect) < index
        ? [withDetail(duplicate(`metadata.taints[${index}]`, taint), 'taints must be unique by key and effect pair')]
        : []),
    ]),
    ...(['capacity', 'allocatable'] as const).flatMap((part) =>
      Object.entries(status[part] ?? {}).flatMap(([name, amount = '']) =>
        (parseQuantity(amount)?.nanos ?? 0n) < 0n
          ? [invalid(`status.${part}.${name}`, amount, 'must be greater than or equal to 0')]
          : [],
      ),
    ),
    ...podCIDRs.flatMap((range, index) =>
      isRange(range)
        ? []
        : [
            invalid(
              `spec.podCIDRs[${index}]`,
              range,
              'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
            ),
          ],
    ),
  ]
}

export function checkNodeUpdate({ spec = {} }: Draft<V1Node>, current: Draft<V1Node>): Finding[] {
  const { podCIDRs: rangesBefore = [], providerID: idBefore } = current.spec ?? {}
  const isSameRanges = rangesBefore.join() === (spec.podCIDRs ?? []).join()
  return [
    ...(rangesBefore.length === 0 || isSameRanges
      ? []
      : [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')]),
    ...(isEmpty(idBefore) || idBefore === spec.providerID
      ? []
      : [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')]),
  ]
}

function checkTaint({ key = '', value = '', effect = '' }: Draft<V1Taint>, field: string): Finding[] {
  const sentences = brokenByLabelValue(value)
  return [
    ...invalidFor(`${field}.key`, key, brokenByQualifiedName(key)),
    ...(sentences.length === 0 ? [] : [invalid(`${field}.value`, value, sentences.join(';'))]),
    ...(effect === ''
      ? [required(`${field}.effect`)]
      : EFFECTS.includes(effect)
        ? []
        : [notSupported(`${field}.effect`, effect, EFFECTS)]),
  ]
}

function withDetail(finding: Finding, detail: string): Finding {
  return { ...finding, message: `${finding.message}: ${detail}` }
}

function isRange(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/')
  const most = address.includes(':') ? 128 : 32
  return more.length === 0 && /^[\d.:a-fA-F]+$/.test(address) && /^\d{1,3}$/.test(length) && Number(length) <= most
}
