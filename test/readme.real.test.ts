import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { unlessThereIs } from './needs.ts'
import { freeHostPort } from './real/free-host-port.ts'
import { openStateDirectory } from './real/state-directory.ts'

const PROJECT = resolve(import.meta.dirname, '..')
const README = readFileSync(join(PROJECT, 'README.md'), 'utf8')
const LIMIT_MS = 60_000

/** What a command needs besides being run to its end with exit code 0. */
interface Particulars {
  readonly exitCode?: number
  /** It runs on: it is stopped by Ctrl-C once this is in its output and the other commands are done. */
  readonly until?: RegExp
  readonly meanwhile?: readonly string[]
  /** What has to be there, as a reader would have it. */
  readonly before?: string
}

const PARTICULARS: Readonly<Record<string, Particulars>> = {
  './peapod run examples/sidecar/pod.yaml': {
    exitCode: 130,
    until: /pod web: ready[^]*listening on \d+/,
    meanwhile: ['curl http://localhost:8080/hello'],
  },
  './peapod serve': {
    until: /^serving on /m,
    meanwhile: [
      './peapod kubeconfig > peapod.yaml',
      'kubectl --kubeconfig peapod.yaml apply -f examples/native-sidecar/pod.yaml',
      'kubectl --kubeconfig peapod.yaml wait --for=condition=Ready pod/report',
      'kubectl --kubeconfig peapod.yaml logs report -c log-adapter',
      'kubectl --kubeconfig peapod.yaml delete -f examples/native-sidecar/pod.yaml',
    ],
  },
  './peapod run web.yaml': { exitCode: 1 },
  './peapod run --timeout 2s --no-logs examples/adapter/pod.yaml': { exitCode: 124 },
  './peapod image load -i web.tar': { before: './peapod image save -o web.tar peapod.local/busybox' },
}

const NOT_RUN: Readonly<Record<string, string>> = {
  'npm test': 'it is what runs this test',
  './peapod image pull nginx': 'Docker Hub is not in reach of every machine; pulls are tested against a registry here',
}

interface Block {
  readonly language: string
  readonly text: string
}

const blocks: Block[] = [...README.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trimEnd().split('\n'))
const alongside = Object.values(PARTICULARS).flatMap(({ meanwhile = [] }) => meanwhile)

/** The output that README shows right below a block with this one command. */
function shownOutput(command: string): string | undefined {
  const at = blocks.findIndex(({ language, text }) => language === 'sh' && text === `${command}\n`)
  const next = at === -1 ? undefined : blocks[at + 1]
  return next?.language === 'text' ? next.text : undefined
}

it('README.md has no command that this test knows and README does not', () => {
  const known = [...Object.keys(PARTICULARS), ...Object.keys(NOT_RUN), ...alongside]
  assert.deepEqual(
    known.filter((command) => !commands.includes(command)),
    [],
  )
})

const needs = unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'nft', 'busybox', 'kubectl')
describe('the commands of README.md', { skip: needs }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'peapod-readme-'))
  const ports = new Map<string, number>()
  let state: Awaited<ReturnType<typeof openStateDirectory>>

  before(async () => {
    state = await openStateDirectory()
    for (const port of ['8080', '5170']) ports.set(port, await freeHostPort())
    symlinkSync(join(PROJECT, 'peapod'), join(folder, 'peapod'))
    cpSync(join(PROJECT, 'examples'), join(folder, 'examples'), { recursive: true })
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.startsWith('examples/sidecar/'),
    )) {
      writeFileSync(join(folder, file), withFreePorts(readFileSync(join(folder, file), 'utf8')))
    }
    for (const { text } of blocks.filter(({ language }) => language === 'yaml')) {
      const [, name = 'manifest.yaml'] = /^# (\S+\.yaml)\n/.exec(text) ?? []
      writeFileSync(join(folder, name), text)
    }
  })

  after(async () => {
    // A server's own folder stays for the next one.
    rmSync(join(state.path, 'instances', 'server'), { recursive: true, force: true })
    await state[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  /** The ports of the machine that the example publishes may be taken here. */
  function withFreePorts(text: string): string {
    let changed = text
    for (const [port, free] of ports) {
      changed = changed.replace(new RegExp(`(hostPort: |HOST_IP\\):|localhost:)${port}\\b`, 'g'), `$1${free}`)
    }
    return changed
  }

  function start(command: string): { readonly child: ChildProcess; readonly output: () => string } {
    let text = ''
    const child = spawn('/bin/sh', ['-c', `exec ${withFreePorts(command)}`], {
      cwd: folder,
      env: { ...process.env, PEAPOD_STATE_DIR: state.path, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    return { child, output: () => text }
  }

  async function run(command: string, { exitCode = 0, until, meanwhile = [] }: Particulars): Promise<string> {
    const { child, output } = start(command)
    const ended = once(child, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
    if (until !== undefined) {
      const endsAtMs = performance.now() + LIMIT_MS
      while (!until.test(output()) && child.exitCode === null && performance.now() < endsAtMs) await delay(20)
      for (const other of meanwhile) await run(other, {})
      child.kill('SIGINT')
    }
    const [code] = (await ended) as [number | null]
    assert.equal(code, exitCode, `exit code of "${command}", which said:\n${output()}`)
    return output()
  }

  for (const command of commands) {
    if (alongside.includes(command) || command in NOT_RUN) continue
    it(command, async () => {
      const particulars = PARTICULARS[command] ?? {}
      if (particulars.before !== undefined) await run(particulars.before, {})
      const output = await run(command, particulars)
      const shown = shownOutput(command)
      if (shown !== undefined) assert.deepEqual(comparable(output), comparable(shown))
    })
  }
})

/** Lines of containers that run side by side may come in another order, and times differ. */
function comparable(output: string): string[] {
  return output
    .trimEnd()
    .replace(/in [\d.]+ s$/gm, 'in … s')
    .split('\n')
    .sort()
}
