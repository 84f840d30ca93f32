import { Failure } from '../../../failure.ts'
import { columnText } from '../column-text.ts'
import type { Invocation } from '../command.ts'
import { openCluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { topNodes } from './top-nodes.ts'
import { topPods } from './top-pods.ts'

const TYPES: Readonly<Record<string, 'pods' | 'nodes'>> = {
  pods: 'pods',
  pod: 'pods',
  po: 'pods',
  nodes: 'nodes',
  node: 'nodes',
  no: 'nodes',
}
const FOR_PODS_ONLY = ['containers', 'all-namespaces', 'sum']

/** `peapod top`: see its declaration for what it promises. */
export async function top(invocation: Invocation): Promise<number> {
  const { flags, operands, environment } = invocation
  const [word = '', name] = operands
  const type = TYPES[word.toLowerCase()]
  if (type === undefined) throw new Failure('UsageError', `top shows pods or nodes; got ${JSON.stringify(word)}`)
  if (name !== undefined && (flags.isSet('selector') || flags.isSet('all-namespaces'))) {
    throw new Failure('UsageError', 'top takes a name, or --selector and --all-namespaces; not both')
  }
  const misplaced = type === 'nodes' ? FOR_PODS_ONLY.find((flag) => flags.isSet(flag)) : undefined
  if (misplaced !== undefined) throw new Failure('UsageError', `--${misplaced} goes with "top pods" only`)
  using cluster = await openCluster(invocation)
  const rows = await (type === 'pods' ? topPods : topNodes)(cluster, invocation)
  if (rows !== undefined) await writeText(environment.stdout, columnText(rows))
  else {
    const isEverywhere = type === 'nodes' || flags.isSet('all-namespaces')
    const where = isEverywhere ? 'No resources found' : `No resources found in ${cluster.namespace} namespace.`
    await writeText(environment.stderr, `${where}\n`)
  }
  return 0
}
