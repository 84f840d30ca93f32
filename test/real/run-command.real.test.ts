import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { leftoversOf } from './leftovers-of.ts'
import { runPeapod } from './run-peapod.ts'
import { pod, shell, UNTIL_STOPPED } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

const HELLO = `apiVersion: v1
kind: Pod
metadata:
  name: hello
spec:
  restartPolicy: Never
  containers:
    - name: app
      image: peapod.local/busybox
      command: [echo, hello]
`

describe('peapod run', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let folder: string
  before(async () => {
    state = await openStateDirectory()
    folder = await mkdtemp(join(tmpdir(), 'peapod-manifests-'))
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
    await state[Symbol.asyncDispose]()
  })

  const run = (options: Omit<Parameters<typeof runPeapod>[0], 'stateDirectory'>) =>
    runPeapod({ stateDirectory: state.path, ...options })

  async function manifest(name: string, text: string): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, text)
    return file
  }

  describe('ends with the exit code', () => {
    const CASES: [rule: string, spec: object, exitCode: number][] = [
      ['0 when the pod Succeeded', { containers: [shell('app', 'true')] }, 0],
      ['of the container that failed', { containers: [shell('ok', 'true'), shell('app', 'exit 7')] }, 7],
      [
        'of the init container that failed',
        { initContainers: [shell('init', 'exit 3')], containers: [shell('app', 'exit 7')] },
        3,
      ],
      ['of the first container that failed', { containers: [shell('a', 'exit 200'), shell('b', 'exit 2')] }, 200],
    ]
    for (const [rule, spec, exitCode] of CASES) {
      it(rule, async () => {
        await using ended = run({ pods: [pod('ends', spec)] })
        assert.equal(await ended.end(), exitCode)
      })
    }

    const STOPS: [rule: string, signal: NodeJS.Signals, exitCode: number][] = [
      ['130 after Ctrl-C', 'SIGINT', 130],
      ['143 after SIGTERM', 'SIGTERM', 143],
    ]
    for (const [rule, signal, exitCode] of STOPS) {
      it(`${rule}, when the app has ended in its own way`, async () => {
        const script = "trap 'echo bye; exit 0' TERM; echo up; sleep 1000 & wait"
        await using stopped = run({ pods: [pod('stops', { containers: [shell('app', script)] })] })
        await stopped.until('it is up', () => stopped.logOf('app').includes('up'))
        stopped.signal(signal)
        assert.equal(await stopped.end(), exitCode)
        assert.deepEqual(stopped.logOf('app'), ['up', 'bye'])
        assert.equal(stopped.newsOf('app', 'exited')[0]?.exitCode, 0)
      })
    }

    it('124 when --timeout is over', async () => {
      await using late = run({
        args: ['--timeout', '1s'],
        pods: [pod('late', { containers: [shell('app', UNTIL_STOPPED)] })],
      })
      assert.equal(await late.end(), 124)
      assert.ok(late.events.some((event) => event.type === 'notice' && event.text?.includes('--timeout of 1 s')))
    })
  })

  it('a second Ctrl-C kills what does not stop', async () => {
    await using killed = run({
      pods: [
        pod('stubborn', {
          terminationGracePeriodSeconds: 600,
          containers: [shell('app', "trap 'echo not yet' TERM; echo up; while :; do sleep 0.1; done")],
        }),
      ],
    })
    await killed.until('it is up', () => killed.logOf('app').includes('up'))
    killed.signal('SIGINT')
    await killed.until('it refuses', () => killed.logOf('app').includes('not yet'))
    killed.signal('SIGINT')
    // Its grace period would be ten minutes.
    assert.equal(await killed.end(), 130)
    assert.ok(killed.events.some((event) => event.type === 'notice' && event.text?.startsWith('killing')))
    assert.deepEqual(await leftoversOf({ stateDirectory: state.path, podUids: killed.podUids }), [])
  })

  it('says all that is wrong with manifests, with its places, and starts nothing', async () => {
    const good = await manifest('good.yaml', HELLO)
    const bad = await manifest(
      'bad.yaml',
      `apiVersion: v1
kind: Pod
metadata:
  name: bad
spec:
  containers:
    - name: web
      imag: nginx
      ports:
        - containerPort: 99999
    - name: web
      image: nginx
      volumeMounts:
        - { name: nowhere, mountPath: /data }
`,
    )
    await using refused = run({ args: [good, bad] })
    assert.equal(await refused.end(), 1)
    assert.equal(refused.stdout, '')
    const places = refused.stderr.trimEnd().split('\n')
    assert.ok(places.length >= 4, refused.stderr)
    for (const line of places) assert.match(line, /bad\.yaml:\d+:\d+: spec\./)
    assert.match(refused.stderr, /bad\.yaml:8:7: spec\.containers\[0\]\.imag: unknown field.*did you mean "image"\?/)
    assert.deepEqual(refused.podUids, [])
  })

  it('refuses by name what it does not carry out yet', async () => {
    const volumes = [{ name: 'far', rbd: { image: 'image', monitors: ['monitor'] } }]
    await using refused = run({ pods: [pod('configured', { containers: [shell('app', 'true')], volumes })] })
    assert.equal(await refused.end(), 1)
    assert.match(refused.stderr, /<stdin>:\d+:\d+: spec\.volumes\[0\]\.rbd: .*not/)
  })

  it('runs the pods of one file side by side', async () => {
    await using both = run({
      args: ['--timeout', '60s'],
      pods: [
        pod('first', { containers: [shell('app', 'echo one; sleep 0.5; exit 4')] }),
        pod('second', { containers: [shell('app', 'echo two; sleep 0.5')] }),
      ],
    })
    assert.equal(await both.end(), 4)
    assert.deepEqual(both.logOf('app', 'first'), ['one'])
    assert.deepEqual(both.logOf('app', 'second'), ['two'])
    const startOfSecond = both.events.findIndex((one) => one.pod === 'second' && one.event === 'started')
    const endOfFirst = both.events.findIndex((one) => one.pod === 'first' && one.event === 'exited')
    assert.ok(startOfSecond < endOfFirst, both.stdout)
  })

  it('reads a directory of manifests, YAML and JSON', async () => {
    const directory = await mkdtemp(join(folder, 'directory-'))
    await writeFile(join(directory, 'a.yaml'), HELLO)
    await writeFile(
      join(directory, 'b.json'),
      JSON.stringify(pod('json', { containers: [shell('other', 'echo from json')] })),
    )
    await writeFile(join(directory, 'README.md'), 'not a manifest')
    await using all = run({ args: [directory] })
    assert.equal(await all.end(), 0)
    assert.deepEqual(all.logOf('app'), ['hello'])
    assert.deepEqual(all.logOf('other'), ['from json'])
  })

  it('takes another image in the place of one, and leaves out the output when asked to', async () => {
    const file = await manifest('foreign.yaml', HELLO.replace('peapod.local/busybox', 'company.example/tool:1.0'))
    await using quiet = run({ args: ['--image', 'company.example/tool=peapod.local/busybox', '--no-logs', file] })
    assert.equal(await quiet.end(), 0)
    assert.deepEqual(quiet.logOf('app'), [])
    assert.equal(quiet.newsOf('app', 'exited')[0]?.exitCode, 0)
  })

  it('tells the story of a pod in lines for people', async () => {
    const file = await manifest('hello.yaml', HELLO)
    await using text = run({ args: [file], output: 'text' })
    assert.equal(await text.end(), 0)
    // When it is ready depends on how fast it is over.
    const told = text.lines.filter((line) => !/^pod hello: (created|ready)/.test(line))
    assert.deepEqual(told, ['app · started', 'app | hello', 'app · exited 0', 'pod hello: Succeeded'])
  })

  it('writes one JSON object a line, the last one with the exit code', async () => {
    await using json = run({ pods: [pod('json', { containers: [shell('app', 'echo out; echo err >&2; exit 2')] })] })
    assert.equal(await json.end(), 2)
    for (const event of json.events) {
      assert.ok(!Number.isNaN(Date.parse(event.time)), JSON.stringify(event))
      assert.ok(['log', 'status', 'notice', 'end'].includes(event.type), JSON.stringify(event))
    }
    assert.deepEqual([...json.logOf('app')].sort(), ['err', 'out'])
    const last = json.events.at(-1)
    assert.deepEqual([last?.type, last?.phase, last?.exitCode], ['end', 'Failed', 2])
  })

  it('loses no line of a container that says much and ends at once', async () => {
    await using loud = run({ pods: [pod('loud', { containers: [shell('app', "seq 1 10000 | sed 's/$/ äöü€/'")] })] })
    assert.equal(await loud.end(), 0)
    assert.deepEqual(
      loud.logOf('app'),
      Array.from({ length: 10_000 }, (_, index) => `${index + 1} äöü€`),
    )
  })

  it('two at the same time on one state directory do not disturb each other', async () => {
    const pods = [pod('twin', { containers: [shell('app', 'echo here; sleep 1')] })]
    await using one = run({ pods })
    await using other = run({ pods })
    assert.deepEqual(await Promise.all([one.end(), other.end()]), [0, 0])
    assert.deepEqual([one.logOf('app'), other.logOf('app')], [['here'], ['here']])
    assert.equal(one.stderr + other.stderr, '')
  })

  it('takes the pod down when nobody reads its output any more', async () => {
    await using unread = run({
      output: 'text',
      pods: [
        pod('unread', { containers: [shell('app', "trap 'exit 0' TERM; while :; do echo tick; sleep 0.05; done")] }),
      ],
    })
    await unread.until('the first line', () => unread.stdout.includes('tick'))
    unread.closeStdout()
    assert.equal(await unread.end(), 141)
    assert.deepEqual(await leftoversOf({ stateDirectory: state.path, podUids: unread.podUids }), [])
  })
})
