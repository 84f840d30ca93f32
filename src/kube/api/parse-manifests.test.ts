import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { formatProblem } from './format-problem.ts'
import { parseManifests } from './parse-manifests.ts'

function valuesOf(text: string): unknown[] {
  const parsed = parseManifests(text, 'a.yaml')
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value.map(({ value }) => value)
}

function problemsOf(text: string): string[] {
  const parsed = parseManifests(text, 'a.yaml')
  return parsed.ok ? [] : parsed.problems.map(formatProblem)
}

const HEAD = 'apiVersion: v1\nkind: Pod\n'

/** The value of one plain scalar, read as a field of an object. */
function scalar(text: string): unknown {
  return (valuesOf(`${HEAD}spec: {x: ${text}}`)[0] as { spec: { x: unknown } }).spec.x
}

describe('documents', () => {
  const one = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' } }
  const two = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'two' } }
  const cases: [rule: string, text: string, values: unknown[]][] = [
    ['nothing', '', []],
    ['comments alone', '# nothing\n---\n# here\n', []],
    ['several, some of them empty', `---\n${stringify(one)}---\n---\n# c\n---\n${stringify(two)}...\n`, [one, two]],
    ['JSON', JSON.stringify(one), [one]],
    ['JSON with tabs', JSON.stringify(one, null, '\t'), [one]],
    ['a stream of JSON', `${JSON.stringify(one)}\n${JSON.stringify(two, null, 2)}`, [one, two]],
    [
      'JSON escapes',
      '{"apiVersion":"v1","kind":"Pod","x":"\\ud83d\\ude00\\/\\"}{\\u0041\\t"}',
      [{ apiVersion: 'v1', kind: 'Pod', x: '😀/"}{A\t' }],
    ],
    ['a flow mapping that is no JSON', '{apiVersion: v1, kind: Pod, metadata: {name: one}}', [one]],
    ['a list', stringify({ apiVersion: 'v1', kind: 'List', items: [one, two] }), [one, two]],
    [
      'a list of lists',
      stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'List', items: [one] }] }),
      [one],
    ],
    [
      'a list that says the kind for all',
      stringify({ apiVersion: 'v1', kind: 'PodList', items: [{ metadata: one.metadata }] }),
      [one],
    ],
    ['an empty list', '{apiVersion: v1, kind: List, items: []}', []],
    ['a byte order mark', `\uFEFF${stringify(one)}`, [one]],
    ['lines of Windows', stringify(one).replaceAll('\n', '\r\n'), [one]],
  ]
  for (const [rule, text, values] of cases) it(rule, () => assert.deepEqual(valuesOf(text), values))
})

describe('scalars without quotes are what Kubernetes reads', () => {
  const cases: [text: string, value: unknown][] = [
    ['yes', true],
    ['On', true],
    ['off', false],
    ['n', false],
    ['true', true],
    ['tRue', 'tRue'],
    ['~', null],
    ['Null', null],
    ['0644', 0o644],
    ['0o644', 0o644],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['-7', -7],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['08', 8],
    ['0b_', '0b_'],
    ['0o', '0o'],
    ['0x', '0x'],
    ['_1', '_1'],
    ['12:30:45', '12:30:45'],
    ['2026-01-31', '2026-01-31'],
    ['1.27.3', '1.27.3'],
    ['"5"', '5'],
    ["'yes'", 'yes'],
    ['!!str 5', '5'],
    ['!!int "5"', 5],
  ]
  for (const [text, value] of cases) it(text, () => assert.deepEqual(scalar(text), value))
})

describe('anchors, aliases and merge keys', () => {
  it('an alias is what its anchor is', () => {
    assert.deepEqual(valuesOf(`${HEAD}a: &x [1, {b: c}]\nd: *x\n`), [
      { apiVersion: 'v1', kind: 'Pod', a: [1, { b: 'c' }], d: [1, { b: 'c' }] },
    ])
  })

  it('own names win over merged ones, and earlier ones over later', () => {
    const text = `${HEAD}a: &x {p: 1, q: 1}\nb: &y {q: 2, r: 2}\nc: {<<: [*x, *y], p: 3}\n`
    assert.deepEqual((valuesOf(text)[0] as { c: unknown }).c, { p: 3, q: 1, r: 2 })
  })

  it('a quoted << is a name like others', () => {
    assert.deepEqual((valuesOf(`${HEAD}c: {"<<": 1}\n`)[0] as { c: unknown }).c, { '<<': 1 })
  })

  it('an alias bomb is refused, not unfolded: 9 to the power of 20 values', () => {
    const lines = Array.from(
      { length: 20 },
      (_, n) => `  a${n + 1}: &a${n + 1} [${Array.from({ length: 9 }, () => `*a${n}`).join(', ')}]`,
    )
    assert.deepEqual(problemsOf(`${HEAD}spec:\n  a0: &a0 lol\n${lines.join('\n')}\n`).length, 1)
  })
})

describe('what cannot be read is named, with its place', () => {
  const cases: [rule: string, text: string, problems: (string | RegExp)[]][] = [
    [
      'a tab as indentation',
      `${HEAD}spec:\n\thostname: a\n`,
      [/^a\.yaml:4:1: not valid YAML or JSON: tabs are not allowed as indentation/],
    ],
    ['a bracket that is left open', `${HEAD}spec: [a\n`, [/^a\.yaml:\d:\d+: not valid YAML or JSON: /]],
    [
      'the second document is read although the first is broken',
      `a: [\n---\n${HEAD}on: 1\n`,
      [
        /^a\.yaml:2:1: not valid YAML or JSON: /,
        'a.yaml:5:1: a name must be text, but YAML reads on as the boolean true: write "on" in quotes',
      ],
    ],
    [
      'the same name twice',
      `${HEAD}spec:\n  hostname: a\n  hostname: b\n`,
      ['a.yaml:5:3: spec.hostname: Duplicate value: "hostname": an object has each name once'],
    ],
    [
      'the same name twice in JSON',
      '{"apiVersion": "v1",\n "kind": "Pod", "kind": "Pod"}',
      ['a.yaml:2:17: kind: Duplicate value: "kind": an object has each name once'],
    ],
    [
      'a name that is a list',
      `${HEAD}metadata:\n  labels:\n    [key]: x\n`,
      [
        'a.yaml:5:5: metadata.labels: a name must be text; got the list ["key"]; if [key] is a placeholder, put the text in its place',
      ],
    ],
    [
      'an alias without an anchor',
      `${HEAD}spec: *nope\n`,
      ['a.yaml:3:7: spec: the alias *nope names no anchor before it; quote a text that begins with *'],
    ],
    [
      'an alias inside of its anchor',
      `${HEAD}spec: &x\n  a: *x\n`,
      ['a.yaml:4:6: spec.a: the alias *x is inside of what it stands for'],
    ],
    [
      'a merge of what is no object',
      `${HEAD}spec:\n  <<: 5\n`,
      ['a.yaml:4:7: spec: the merge key << takes an object or a list of objects; got the number 5'],
    ],
    [
      'a tag of a program',
      `${HEAD}spec: !secret x\n`,
      ['a.yaml:3:15: spec: the tag !secret means nothing to Kubernetes; remove it'],
    ],
    ['what is no object', '- a\n', ['a.yaml:1:1: must be an object with apiVersion and kind; got the list ["a"]']],
    [
      'neither kind nor version',
      'metadata:\n  name: a\n',
      [
        'a.yaml:1:1: apiVersion: Required value: an object says its apiVersion',
        'a.yaml:1:1: kind: Required value: an object says its kind',
      ],
    ],
    [
      'a kind that is misspelled',
      'apiVersion: v1\nkind: pod\n',
      ['a.yaml:2:7: kind: no matches for kind "pod" in version "v1"; did you mean "Pod"?'],
    ],
    [
      'a kind of another group',
      'apiVersion: v1\nkind: Deployment\n',
      ['a.yaml:2:7: kind: no matches for kind "Deployment" in version "v1"; it is in "apps/v1"'],
    ],
    [
      'a version that is a name of JavaScript',
      'apiVersion: constructor\nkind: name\n',
      ['a.yaml:2:7: kind: no matches for kind "name" in version "constructor"'],
    ],
    [
      'an item of a list',
      '{"apiVersion": "v1", "kind": "List", "items": [\n  {"kind": "Pod"},\n  7]}',
      [
        'a.yaml:2:3: apiVersion: Required value: an object says its apiVersion',
        'a.yaml:3:3: must be an object with apiVersion and kind; got the number 7',
      ],
    ],
  ]
  for (const [rule, text, expected] of cases) {
    it(rule, () => {
      const problems = problemsOf(text)
      assert.equal(problems.length, expected.length, problems.join('\n'))
      expected.forEach((each, index) => {
        if (typeof each === 'string') assert.equal(problems[index], each)
        else assert.match(problems[index] ?? '', each)
      })
    })
  }

  it('text that is nested deeply is refused, not a crash', () => {
    for (const text of [
      '['.repeat(10_000),
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      '{"a":'.repeat(5_000),
      '- '.repeat(5_000),
    ]) {
      assert.notDeepEqual(problemsOf(text), [])
    }
  })
})

describe('for all texts', () => {
  const json = fc
    .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 })
    .map((each) => ({ ...each, apiVersion: 'v1', kind: 'Pod' }))
  /** -0 is 0 in JSON, and `__proto__` has no place in an object literal of YAML's printer. */
  const sameAs = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

  it('printed as JSON and read is the same', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        assert.deepEqual(valuesOf(JSON.stringify(value, null, indent)), [sameAs(value)])
      }),
    )
  })

  it('printed as YAML 1.1 and read is the same', () => {
    // The printer leaves these without quotes, and they would be something else to Kubernetes.
    const printable = json.filter((value) => !/"(<<|[-+]?0[oOxXbB][^"]*)"/.test(JSON.stringify(value)))
    fc.assert(
      fc.property(printable, (value) => {
        const plain = sameAs(value)
        assert.deepEqual(valuesOf(stringify(plain, { version: '1.1', aliasDuplicateObjects: false })), [plain])
      }),
    )
  })

  it('nothing makes it throw, and every problem has a place in the text', () => {
    const crumb = fc.constantFrom(
      'a: ',
      '- ',
      '\n',
      '  ',
      '&x ',
      '*x',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      ': ',
      '\t',
      '!',
      '---\n',
      '|',
      '#',
      '<<: ',
      '?',
      'yes',
      '\uFEFF',
      '\u0000',
      '\uD800',
      'é',
    )
    const junk = fc.oneof(
      fc.string(),
      fc.array(crumb, { maxLength: 30 }).map((crumbs) => crumbs.join('')),
    )
    fc.assert(
      fc.property(junk, fc.boolean(), (each, hasHead) => {
        const text = hasHead ? HEAD + each : each
        const parsed = parseManifests(text, 'junk')
        if (parsed.ok) return
        const lines = text.split(/\r\n|\n|\r/)
        for (const { at } of parsed.problems) {
          assert.ok(at !== undefined && at.line >= 1 && at.line <= lines.length && at.column >= 1)
          assert.ok(at.column <= (lines[at.line - 1]?.length ?? 0) + 2, `column ${at.column} of line ${at.line}`)
        }
      }),
      { numRuns: 500 },
    )
  })
})
