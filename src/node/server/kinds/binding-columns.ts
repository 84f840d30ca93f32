import type { ClusterRoleBinding, RoleBinding } from '../../store/resources.ts'
import { ageColumn, nameColumn } from '../tables/common-columns.ts'
import type { Column } from './kind.ts'

type Binding = RoleBinding | ClusterRoleBinding

/** The columns of both kinds of bindings. @param where the kind, as the descriptions name it. */
export function bindingColumns(where: string): readonly Column<Binding>[] {
  const subjects = (name: string, kind: string, text: (of: { namespace?: string; name: string }) => string) =>
    ({
      name,
      priority: 1,
      description: `${name} in the ${where}`,
      cell: (binding: Binding) =>
        (binding.subjects ?? [])
          .filter((subject) => subject.kind === kind)
          .map(text)
          .join(', '),
    }) as const
  return [
    nameColumn,
    {
      name: 'Role',
      description: 'The role that the subjects get.',
      cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
    },
    ageColumn,
    subjects('Users', 'User', ({ name }) => name),
    subjects('Groups', 'Group', ({ name }) => name),
    subjects('ServiceAccounts', 'ServiceAccount', ({ namespace = '', name }) => `${namespace}/${name}`),
  ]
}
