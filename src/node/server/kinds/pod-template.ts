import { fillTemplateDefaults } from '../../../kube/api/template-defaults.ts'
import { checkPodTemplate } from '../../../kube/api/rules/pod-template.ts'
import { POD_TEMPLATES, type PodTemplate } from '../../store/resources.ts'
import { nameColumn } from '../tables/common-columns.ts'
import { labelText } from './cell-text.ts'
import type { Column, Kind } from './kind.ts'
import { selectable } from './selectable.ts'
import { storedRules } from './stored-rules.ts'

const COLUMNS: readonly Column<PodTemplate>[] = [
  nameColumn,
  {
    name: 'Containers',
    description: 'Names of each container in the template.',
    cell: ({ template }) => (template?.spec?.containers ?? []).map(({ name }) => name).join(','),
  },
  {
    name: 'Images',
    description: 'Images referenced by each container in the template.',
    cell: ({ template }) => (template?.spec?.containers ?? []).map(({ image = '' }) => image).join(','),
  },
  {
    name: 'Pod Labels',
    description: 'The labels for the pod template.',
    cell: ({ template }) => labelText(template?.metadata?.labels),
  },
]

export const podTemplateKind: Kind<PodTemplate> = {
  resource: POD_TEMPLATES,
  singular: 'podtemplate',
  shortNames: [],
  subresources: [],
  canDeleteCollection: true,
  ...selectable(),
  rules: (existing) =>
    storedRules<PodTemplate>(
      { typeName: 'V1PodTemplate', fill: fillTemplateDefaults, check: checkPodTemplate, hasGeneration: true },
      existing,
    ),
  columns: () => Promise.resolve(COLUMNS),
}
