import { Failure } from '../../../failure.ts'

type Step =
  | { readonly is: 'field'; readonly name: string }
  | { readonly is: 'index'; readonly at: number }
  | { readonly is: 'each' }
  /** `?(@.type=="Ready")` */
  | { readonly is: 'where'; readonly path: readonly Step[]; readonly equals: string }

export type JsonPath = readonly Step[]

/**
 * The JSONPath of `kubectl wait`: fields, `[0]`, `[*]`, `['a.b']`, `[?(@.type=="Ready")]`, with or without braces.
 *
 * @throws Failure UsageError for anything else
 * @see https://kubernetes.io/docs/reference/kubectl/jsonpath/
 */
export function parseJsonPath(text: string): JsonPath {
  const inside = /^\{(.*)\}$/.exec(text.trim())?.[1] ?? text.trim()
  const path = parseSteps(inside.replace(/^\$/, ''))
  if (path === undefined || path.length === 0) {
    throw new Failure(
      'UsageError',
      `--for=jsonpath: ${JSON.stringify(text)} is no path such as {.status.phase} or {.status.conditions[?(@.type=="Ready")].status}`,
    )
  }
  return path
}

const STEPS: readonly (readonly [RegExp, (match: RegExpExecArray) => Step | undefined])[] = [
  [/^\.?\[\*\]|^\.\*/, () => ({ is: 'each' })],
  [/^\.?\[(-?\d+)\]/, ([, at]) => ({ is: 'index', at: Number(at) })],
  [/^\.?\['((?:[^'\\]|\\.)*)'\]|^\.?\["((?:[^"\\]|\\.)*)"\]/, ([, one, other]) => field(one ?? other ?? '')],
  [
    /^\.?\[\?\(\s*@((?:\.[\w-]+)+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)\]/,
    ([, inner = '', ...values]: readonly (string | undefined)[]) => {
      const path = parseSteps(inner)
      return path === undefined
        ? undefined
        : { is: 'where', path, equals: values.find((value) => value !== undefined) ?? '' }
    },
  ],
  [/^\.?((?:[^.[\]{}\\\s]|\\.)+)/, ([, name = '']) => field(name)],
]

function field(name: string): Step {
  return { is: 'field', name: name.replace(/\\(.)/g, '$1') }
}

function parseSteps(text: string): JsonPath | undefined {
  const steps: Step[] = []
  for (let rest = text; rest !== '';) {
    const [found] = STEPS.flatMap(([pattern, make]) => {
      const match = pattern.exec(rest)
      return match === null ? [] : [{ match, make }]
    })
    const step = found?.make(found.match)
    if (found === undefined || step === undefined) return undefined
    steps.push(step)
    rest = rest.slice(found.match[0].length)
  }
  return steps
}

/** Everything that the path leads to; nothing where a step finds nothing. */
export function findAll(path: JsonPath, value: unknown): readonly unknown[] {
  return path.reduce<readonly unknown[]>((found, step) => found.flatMap((each) => take(step, each)), [value])
}

function take(step: Step, value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  switch (step.is) {
    case 'field':
      return Array.isArray(value) || !Object.hasOwn(value, step.name)
        ? []
        : [(value as Readonly<Record<string, unknown>>)[step.name]]
    case 'index':
      return Array.isArray(value) ? value.slice(step.at, step.at === -1 ? undefined : step.at + 1) : []
    case 'each':
      return children
    case 'where':
      return children.filter((child) => findAll(step.path, child).some((one) => String(one) === step.equals))
  }
}
