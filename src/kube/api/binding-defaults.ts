interface BindingParts {
  readonly roleRef: { readonly apiGroup?: string; readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly apiGroup?: string; readonly kind: string; readonly name: string }[]
}

const GROUP = 'rbac.authorization.k8s.io'

/** A RoleBinding or ClusterRoleBinding with the groups of what it binds. Source: pkg/apis/rbac/v1/defaults.go. */
export function fillBindingDefaults<T extends Partial<BindingParts>>(binding: T): T {
  const { roleRef, subjects } = binding
  return {
    ...binding,
    ...(roleRef === undefined ? {} : { roleRef: withGroup(roleRef, GROUP) }),
    ...(subjects === undefined
      ? {}
      : {
          subjects: subjects.map((subject) =>
            subject.kind === 'ServiceAccount' ? subject : withGroup(subject, GROUP),
          ),
        }),
  }
}

function withGroup<T extends { readonly apiGroup?: string }>(reference: T, group: string): T {
  return (reference.apiGroup ?? '') === '' ? { ...reference, apiGroup: group } : reference
}
