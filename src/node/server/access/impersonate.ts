import type { IncomingHttpHeaders } from 'node:http'
import { Failure } from '../../../failure.ts'
import {
  accountGroups,
  accountOfUser,
  ANONYMOUS,
  AUTHENTICATED,
  type Identity,
} from '../../../kube/api/rbac/identity.ts'
import type { Store } from '../../store/store.ts'
import { checkAccess } from './access.ts'

const EXTRA = 'impersonate-extra-'

/**
 * Who a request acts as: `kubectl --as`, `--as-group`, `--as-uid`. Whoever asks must be allowed to impersonate each of them.
 * Source: k8s.io/apiserver/pkg/endpoints/filters/impersonation.
 *
 * @throws Failure Forbidden, InternalError for groups without a user, as Kubernetes has it
 */
export function impersonated(store: Store, user: Identity, headers: IncomingHttpHeaders): Identity {
  const name = textOf(headers['impersonate-user'])
  const groups = listOf(headers['impersonate-group'])
  const uid = textOf(headers['impersonate-uid'])
  const extra = extraOf(headers)
  if (name === '') {
    if (groups.length === 0 && uid === '' && Object.keys(extra).length === 0) return user
    throw new Failure('InternalError', 'requested impersonation of groups, a UID or extra data without a user')
  }
  const account = accountOfUser(name)
  const wanted: readonly Impersonated[] = [
    account === undefined
      ? { resource: 'users', name }
      : { resource: 'serviceaccounts', name: account.name, namespace: account.namespace },
    ...groups.map((group) => ({ resource: 'groups', name: group })),
    ...(uid === '' ? [] : [{ resource: 'uids', name: uid, group: 'authentication.k8s.io' }]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({
        resource: 'userextras',
        subresource: key,
        name: value,
        group: 'authentication.k8s.io',
      })),
    ),
  ]
  for (const { resource, name: who, namespace = '', group = '', subresource = '' } of wanted) {
    checkAccess(store, user, { verb: 'impersonate', group, resource, subresource, name: who, namespace })
  }
  return {
    name,
    groups: groupsOf(name, groups, account?.namespace),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

interface Impersonated {
  readonly resource: string
  readonly name: string
  readonly namespace?: string
  readonly group?: string
  readonly subresource?: string
}

function groupsOf(name: string, asked: readonly string[], namespace: string | undefined): readonly string[] {
  if (name === ANONYMOUS.name) return [...asked, ...ANONYMOUS.groups]
  // Who names groups gets just these; a service account has its own otherwise.
  const groups = asked.length === 0 && namespace !== undefined ? accountGroups(namespace) : asked
  return groups.includes(AUTHENTICATED) ? groups : [...groups, AUTHENTICATED]
}

function extraOf(headers: IncomingHttpHeaders): Record<string, readonly string[]> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(EXTRA))
  return Object.fromEntries(found.map(([name, value]) => [decodeURIComponent(name.slice(EXTRA.length)), listOf(value)]))
}

function textOf(value: string | string[] | undefined): string {
  return listOf(value)[0] ?? ''
}

/** Node joins headers that are given several times. */
function listOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : [value].flat().flatMap((text) => text.split(/, */))
}
