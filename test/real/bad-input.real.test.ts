import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

/** Containers of one pod: as many as start in a moment. */
const EXITS_IN_A_POD = 32

/** The head of a program for another machine: 64 bits, little endian, machine 183 (aarch64) or 62 (x86-64). */
function foreignProgram(): Buffer {
  const head = Buffer.alloc(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  head.writeUInt16LE(2, 16)
  head.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18)
  head.writeUInt32LE(1, 20)
  head.writeUInt16LE(64, 52)
  return head
}

describe('bad input gets a clear answer', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  let folder: string
  before(async () => {
    state = await openStateDirectory()
    folder = await mkdtemp(join(tmpdir(), 'peapod-bad-input-'))
    await writeFile(join(folder, 'foreign'), foreignProgram(), { mode: 0o755 })
    await writeFile(join(folder, 'no-shebang'), 'echo hello\n', { mode: 0o755 })
    await writeFile(join(folder, 'lost-shebang'), '#!/usr/bin/python9\n', { mode: 0o755 })
    await writeFile(join(folder, 'not-executable'), '#!/bin/sh\n', { mode: 0o644 })
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
    await state[Symbol.asyncDispose]()
  })

  const run = (...pods: object[]): PeapodRun => runPeapod({ stateDirectory: state.path, pods })

  describe('a program that cannot be executed: StartError, 128, and the cause in words (R9)', () => {
    const rows: readonly (readonly [what: string, command: string, words: RegExp])[] = [
      ['of another architecture', '/given/foreign', /"?\/given\/foreign"?.*(exec format error|another architecture)/i],
      ['a script without a shebang', '/given/no-shebang', /"?\/given\/no-shebang"?.*(exec format error|#!)/i],
      [
        'a script whose interpreter is not there',
        '/given/lost-shebang',
        /"\/given\/lost-shebang": its interpreter is not in the image/,
      ],
      ['a file that is not executable', '/given/not-executable', /"?\/given\/not-executable"?.*permission denied/i],
      ['a directory', '/given', /"?\/given"?.*(is a directory|permission denied)/i],
      ['missing from the image', '/nope', /"?\/nope"?.*no such file/i],
      ['missing from the path', 'nope', /"nope": no such program on the PATH/],
    ]
    for (const [what, command, words] of rows) {
      it(what, async () => {
        const app = {
          name: 'app',
          image: 'peapod.local/busybox',
          command: [command],
          volumeMounts: [{ name: 'given', mountPath: '/given' }],
        }
        await using failed = run(
          pod('broken', { containers: [app], volumes: [{ name: 'given', hostPath: { path: folder } }] }),
        )
        assert.equal(await failed.end(), 128)
        const [exit] = failed.newsOf('app', 'exited')
        assert.equal(exit?.reason, 'StartError')
        assert.match(exit.message ?? '', words)
      })
    }
  })

  it('every exit code from 0 to 255 is told as it is', async () => {
    const codes = Array.from({ length: 256 }, (_, code) => code)
    for (let first = 0; first < codes.length; first += EXITS_IN_A_POD) {
      const some = codes.slice(first, first + EXITS_IN_A_POD)
      await using ended = run(pod('codes', { containers: some.map((code) => shell(`exits-${code}`, `exit ${code}`)) }))
      await ended.end()
      assert.deepEqual(
        some.map((code) => ended.newsOf(`exits-${code}`, 'exited')[0]?.exitCode),
        some,
      )
    }
  })

  it('a container that is ended by a signal has 128 and its number', async () => {
    // Default actions that end nothing, and the one that a shell ignores.
    const survived = ['SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGWINCH', 'SIGQUIT']
    const signals = Object.entries(constants.signals).filter(
      ([name, number]) =>
        number <= 31 && !survived.includes(name) && !['SIGIOT', 'SIGPOLL', 'SIGUNUSED'].includes(name),
    )
    // `$$$$` is `$$` once the variables of the manifest are in place.
    // The first process of a PID namespace gets none of these; its child does, and a shell tells of it by its exit code.
    const killing = signals.map(([, number]) => shell(`by-${number}`, `sh -c 'kill -${number} $$$$'; exit $?`))
    await using ended = run(pod('signals', { containers: killing }))
    await ended.end()
    assert.deepEqual(
      signals.map(([, number]) => ended.newsOf(`by-${number}`, 'exited')[0]?.exitCode),
      signals.map(([, number]) => 128 + number),
    )
  })

  it('one that forks away ends when its first process does, and takes the fork along', async () => {
    const daemon = '(setsid sh -c "while true; do date > /shared/alive; sleep 0.05; done" &) ; exit 0'
    const at = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
    const watcher =
      'until [ -e /shared/left ]; do sleep 0.05; done; sleep 0.3; rm -f /shared/alive; sleep 0.5; ls /shared/alive 2>/dev/null || echo gone'
    await using ended = run(
      pod('forks', {
        containers: [shell('away', `touch /shared/left; ${daemon}`, at), shell('watcher', watcher, at)],
        volumes: [{ name: 'shared', emptyDir: {} }],
      }),
    )
    assert.equal(await ended.end(), 0)
    assert.equal(ended.newsOf('away', 'exited')[0]?.exitCode, 0)
    assert.deepEqual(ended.logOf('watcher'), ['gone'])
  })

  it('one that fills more of an emptyDir than it may is evicted, and told why (Q7)', async () => {
    await using evicted = run(
      pod('greedy', {
        containers: [
          shell('app', 'head -c 8m /dev/zero > /data/f; sleep 1000', {
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          }),
        ],
        volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Mi' } }],
      }),
    )
    assert.notEqual(await evicted.end(), 0)
    const over = evicted.events.find((event) => event.event === 'pod-over')
    assert.deepEqual([over?.phase, over?.reason], ['Failed', 'Evicted'])
    assert.match(over?.message ?? '', /"data".*1Mi/)
  })

  it('one that fills its disk in memory is told so by the kernel, and goes on', async () => {
    await using ended = run(
      pod('full', {
        containers: [
          shell('app', 'head -c 8m /dev/zero > /data/f && exit 1; rm /data/f; echo small > /data/f && cat /data/f', {
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          }),
        ],
        volumes: [{ name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }],
      }),
    )
    assert.equal(await ended.end(), 0)
    assert.match(ended.logOf('app').join('\n'), /standard output: (No space left on device|I\/O error)\nsmall/)
  })

  it('more than the machine has is not scheduled, and says what is short (Q1)', async () => {
    const resources = { requests: { cpu: '500' } }
    await using waiting = run(pod('large', { containers: [shell('app', 'true', { resources })] }))
    await waiting.until('it says so', () =>
      waiting.events.some(
        ({ reason, message }) => reason === 'FailedScheduling' && /1 Insufficient cpu\./.test(message ?? ''),
      ),
    )
    waiting.signal('SIGINT')
    assert.equal(await waiting.end(), 130)
    assert.deepEqual(waiting.newsOf('app', 'started'), [])
  })

  it('a pod that was given past the scheduler is rejected (Q1)', async () => {
    const { hostname } = await import('node:os')
    const resources = { requests: { memory: '4Ei' } }
    const spec = { nodeName: hostname(), containers: [shell('app', 'true', { resources })] }
    await using rejected = run(pod('large', spec))
    assert.equal(await rejected.end(), 1)
    const over = rejected.events.find((event) => event.event === 'pod-over')
    assert.deepEqual([over?.phase, over?.reason], ['Failed', 'OutOfmemory'])
    assert.match(over?.message ?? '', /^Pod was rejected: Node didn't have enough resource: memory, requested: \d+/)
  })
})
