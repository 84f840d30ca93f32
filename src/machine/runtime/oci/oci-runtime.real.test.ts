import assert from 'node:assert/strict'
import {
  closeSync,
  constants as fsConstants,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  existsSync,
} from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import { messageOf } from '../../../failure.ts'
import { mountTmpfs } from '../../linux/mount.ts'
import type { ContainerPlan, ContainerRuntime } from '../container-runtime.ts'
import { buildProbeProgram } from './probe-program.ts'
import { identityOf } from './process-identity.ts'
import { makeTestMachine, until } from './test-machine.ts'

type Changes = Omit<Partial<ContainerPlan>, 'process'> & { readonly process?: Partial<ContainerPlan['process']> }

describe(
  'real containers',
  { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox') },
  async () => {
    const never = new AbortController().signal
    await using stack = new AsyncDisposableStack()
    const machine = stack.use(makeTestMachine())
    const runtime = stack.use(await machine.open())
    const keep = stack.move()
    after(() => keep.disposeAsync())
    let runs = 0

    const planOf = (script: string, changes: Changes = {}): ContainerPlan => {
      runs += 1
      const plan = machine.shell(`run${runs}`, `exec 2>&1; ${script}`)
      return { ...plan, ...changes, process: { ...plan.process, ...changes.process } }
    }
    /** Runs a script to its end: its exit and what it wrote. */
    const run = async (script: string, changes: Changes = {}) => {
      const plan = planOf(script, changes)
      await runtime.create(plan, never)
      await runtime.start(plan.id)
      const exit = await exitOf(runtime, plan.id)
      const output = machine.output(plan)
      await runtime.remove(plan.id)
      return { ...exit, output }
    }
    const security = (changes: Partial<ContainerPlan['security']>): Changes => ({
      security: { ...machine.shell('x', '').security, ...changes },
    })

    it('exit codes and fatal signals, as a shell counts', async () => {
      const rows: [script: string, exitCode: number][] = [
        ['exit 0', 0],
        ['exit 1', 1],
        ['exit 42', 42],
        ['exit 127', 127],
        ['exit 255', 255],
        ['kill -KILL -1; sh -c "kill -SEGV \\$\\$"; exit $?', 139],
      ]
      for (const [script, exitCode] of rows) assert.equal((await run(script)).exitCode, exitCode, script)
    })

    it('environment, working directory (made when missing), user and groups', async () => {
      const process = {
        env: ['PATH=/bin', 'GREETING=hello  world', 'EMPTY='],
        workingDir: '/made/here',
        user: { uid: 1001, gid: 1002, additionalGids: [7, 9] },
      }
      const { output } = await run('echo "$GREETING|${EMPTY-unset}"; pwd; id -u; id -g; id -G', { process })
      assert.equal(output, 'hello  world|\n/made/here\n1001\n1002\n1002 7 9')
    })

    it('the root filesystem is writable, keeps its layer untouched, or is read-only', async () => {
      const { output } = await run('echo mine > /etc/file && cat /etc/file; cat /etc/other; mount | head -1')
      assert.match(output, /^mine\ncat: can't open '\/etc\/other'.*\noverlay on \/ type overlay \(rw,/)
      const rootfs = { is: 'overlay', lowerDirs: [machine.layer], readOnly: true } as const
      const mounts = [{ source: machine.layer, destination: '/new/place', readOnly: false }]
      const readOnly = await run('echo x > /etc/file; echo $?; ls /new/place', { rootfs, mounts })
      assert.match(readOnly.output, /Read-only file system\n1\nbin\netc\ntmp$/)
    })

    it('mounts: read-only and writable binds, in order, one inside another, with propagation', async () => {
      const source = join(machine.directory, 'source')
      mkdirSync(join(source, 'inner'), { recursive: true })
      writeFileSync(join(source, 'file'), 'from the host')
      mountTmpfs(join(source, 'inner'))
      const mounts = [
        { source, destination: '/data', readOnly: true, options: ['rslave'] },
        { source: join(source, 'file'), destination: '/data/inner/single', readOnly: false },
      ]
      const script =
        'cat /data/file; echo; echo x > /data/new; cat /data/inner/single; grep -c master: /proc/self/mountinfo'
      const { output } = await run(script, { mounts })
      assert.match(output, /^from the host\n.*can't create \/data\/new: Read-only file system\nfrom the host0$/)
    })

    it('capabilities are those of the plan, none ambient or inheritable, none for other users', async () => {
      const capabilities = security({ capabilities: ['CAP_CHOWN', 'CAP_KILL'] })
      const sets = 'grep -E "Cap(Inh|Prm|Eff|Bnd|Amb)" /proc/self/status'
      const none = '0000000000000000'
      const some = '0000000000000021'
      assert.deepEqual(words((await run(sets, capabilities)).output), [none, some, some, some, none])
      const user = { ...capabilities, process: { user: { uid: 5, gid: 5, additionalGids: [] } } }
      assert.deepEqual(words((await run(sets, user)).output), [none, none, none, some, none])
    })

    it('seccomp and no-new-privileges are on when asked for', async () => {
      const flags = 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; mount -t tmpfs x /tmp; echo $?'
      const on = await run(flags, security({ noNewPrivileges: true }))
      assert.match(on.output, /^NoNewPrivs:\t1\nSeccomp:\t2\nmount: permission denied.*\n1$/)
      const off = await run('grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status', security({ seccomp: 'unconfined' }))
      assert.equal(off.output, 'NoNewPrivs:\t0\nSeccomp:\t0')
    })

    it('no device but the harmless ones can be opened, even one that is made', async () => {
      const { output } = await run('ls /dev; mknod /tmp/disk b 254 0; mknod /tmp/mem c 1 1; cat /tmp/mem /tmp/disk')
      assert.match(
        output,
        /^(?:core\n)?fd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n/,
      )
      assert.match(output, /can't open '\/tmp\/mem': Operation not permitted/)
      assert.match(output, /can't open '\/tmp\/disk': Operation not permitted/)
    })

    it('kernel files are masked or read-only', async () => {
      const masked = await run(
        'ls /sys/firmware; for file in kcore keys timer_list sched_debug; do [ ! -e /proc/$file ] || wc -c < /proc/$file; done',
      )
      assert.match(masked.output, /^0(\n0)*$/)
      const { output } = await run(
        'echo 1 > /proc/sys/vm/swappiness; mkdir /sys/x; cd /sys/fs/cgroup/memory 2>/dev/null || cd /sys/fs/cgroup; mkdir x',
      )
      assert.equal(output.match(/Read-only file system/g)?.length, 3, output)
    })

    it('a privileged container has devices, all capabilities and no seccomp', async () => {
      const { output } = await run(
        'ls /dev/kmsg; grep Seccomp: /proc/self/status; mount -t tmpfs x /tmp && echo mounted; ls /sys/firmware | wc -l',
        security({ privileged: true }),
      )
      assert.match(output, /^\/dev\/kmsg\nSeccomp:\t0\nmounted\n/)
    })

    it('limits are on its cgroup, and conmon is not in it', async () => {
      const resources = {
        cpuShares: 512,
        cpuQuotaUs: 50_000,
        cpuPeriodUs: 100_000,
        memoryLimitBytes: 64 << 20,
        pidsLimit: 33,
      }
      const plan = planOf('sleep 100', { resources })
      await runtime.create(plan, never)
      await runtime.start(plan.id)
      const read = (controller: string, file: string) =>
        readFileSync(join(cgroupOf(controller, plan.cgroupPath), file), 'utf8').trim()
      const v1 = cgroupOf('memory', '').endsWith('memory')
      assert.equal(read('memory', v1 ? 'memory.limit_in_bytes' : 'memory.max'), String(64 << 20))
      assert.equal(read('pids', 'pids.max'), '33')
      if (v1) assert.equal(read('cpu', 'cpu.cfs_quota_us'), '50000')
      if (v1) assert.equal(read('cpu', 'cpu.shares'), '512')
      const [record] = (await runtime.list()).filter(({ id }) => id === plan.id)
      assert.ok(record?.is === 'running')
      assert.deepEqual(read('memory', 'cgroup.procs').split('\n'), [String(record.pid)])
      await runtime.remove(plan.id)
    })

    it('an OOM kill is on the record (Q4)', async () => {
      const resources = { memoryLimitBytes: 16 << 20 }
      const { exitCode, outOfMemory } = await run('dd if=/dev/zero of=/dev/null bs=64M count=1', { resources })
      assert.deepEqual({ exitCode, outOfMemory }, { exitCode: 137, outOfMemory: true })
      assert.ok(!existsSync('oom'), 'conmon drops nothing into the folder that this program was started in')
      assert.equal((await run('exit 137', { resources })).outOfMemory, false)
    })

    it('the log is whole when the exit is told, in CRI format', async () => {
      const plan = machine.shell(
        'log',
        'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done; echo last >&2; exit 5',
      )
      const lines = new Promise<string[]>((resolve) => {
        const stop = runtime.onExit(({ id }) => {
          if (id !== plan.id) return
          stop()
          resolve(readFileSync(plan.logFile, 'utf8').trimEnd().split('\n'))
        })
      })
      await runtime.create(plan, never)
      await runtime.start(plan.id)
      const log = await lines
      const [stdout, stderr] = ['stdout', 'stderr'].map((stream) => joinLines(log, stream))
      assert.deepEqual(
        stdout,
        [...Array(5000).keys()].map((number) => `line ${number}`),
      )
      assert.deepEqual(stderr, ['last'])
      await runtime.remove(plan.id)
    })

    it('a terminal is one, and its output is logged', async () => {
      const { output } = await run('[ -t 0 ] && [ -t 1 ] && echo "on $TERM"', { terminal: true })
      assert.match(output, /^on xterm/)
    })

    it('a stdin that nobody writes to is open', async () => {
      const plan = planOf('cat; echo ended', { stdin: true })
      await runtime.create(plan, never)
      const { is } = await runtime.start(plan.id)
      assert.equal(is, 'running')
      await runtime.remove(plan.id)
      assert.equal(machine.output(plan), '')
    })

    it('none of our files leaks in', async () => {
      const ours = openSync('/etc/passwd', 'r')
      const { output } = await run('ls -l /proc/self/fd | grep -v total; ls /proc')
      closeSync(ours)
      const files = output.split('\n').filter((line) => line.includes('->'))
      assert.deepEqual(
        files.map((line) => line.replace(/^.* (\d) -> ([^[]*).*$/, '$1 $2')),
        ['0 /dev/null', '1 pipe:', '2 pipe:'],
      )
      assert.match(output, /\n1\n/)
      assert.doesNotMatch(output, new RegExp(`\n${process.pid}\n`))
    })

    it('a working directory that leads out of the container is refused', async () => {
      for (let fd = 3; fd < 12; fd += 1) {
        const plan = planOf('pwd; ls', { process: { workingDir: `/proc/self/fd/${fd}` } })
        const outcome = await runtime.create(plan, never).then(
          () => 'made',
          (error: unknown) => messageOf(error),
        )
        if (outcome === 'made') {
          // The descriptor was of something inside, or of no directory at all.
          await runtime.start(plan.id)
          await exitOf(runtime, plan.id)
          assert.doesNotMatch(machine.output(plan), /proc_sys|cgroup\.procs|vmlinuz/)
          await runtime.remove(plan.id)
        } else assert.match(outcome, /leads out of the container|enter the working directory/)
      }
      assert.deepEqual(await runtime.list(), [])
    })

    describe('what cannot be executed is told in words', () => {
      const rows: [what: string, args: string[], words: RegExp][] = [
        ['a missing file', ['/not/there'], /exec "\/not\/there": no such file in the image/],
        ['a missing name', ['nope'], /exec "nope": no such program on the PATH/],
        ['a plain file', ['/etc/plain'], /exec "\/etc\/plain": permission denied/],
        ['a directory', ['/etc'], /exec "\/etc": (it is a directory|permission denied)/],
        ['another architecture', ['/bin/foreign'], /exec "\/bin\/foreign": exec format error: it is made for another/],
        ['a missing interpreter', ['/bin/script'], /exec "\/bin\/script": its interpreter is not in the image/],
      ]
      for (const [what, args, message] of rows) {
        it(what, async () => {
          writeFileSync(join(machine.layer, 'etc/plain'), 'x')
          const foreign = buildProbeProgram(process.arch === 'x64' ? 'arm64' : 'x64')
          writeFileSync(join(machine.layer, 'bin/foreign'), foreign ?? '', { mode: 0o755 })
          writeFileSync(join(machine.layer, 'bin/script'), '#!/no/interpreter\n', { mode: 0o755 })
          const plan = planOf('', { process: { args } })
          const started = runtime.create(plan, never).then(() => runtime.start(plan.id))
          await assert.rejects(started, { reason: 'StartError', message })
          await runtime.remove(plan.id)
        })
      }

      it('wrong plans and mounts are CreateContainerError', async () => {
        const missing = planOf('', { mounts: [{ source: '/not/there', destination: '/x', readOnly: true }] })
        await assert.rejects(runtime.create(missing, never), {
          reason: 'CreateContainerError',
          message: /mount "\/not\/there" at "\/x"|\/not\/there/,
        })
        const file = planOf('', { mounts: [{ source: '/etc', destination: '/etc/plain', readOnly: true }] })
        await assert.rejects(runtime.create(file, never), { reason: 'CreateContainerError' })
        const relative = planOf('', { process: { workingDir: 'x' } })
        await assert.rejects(runtime.create(relative, never), /not an absolute path/)
        symlinkSync('/etc/plain', join(machine.layer, 'tmp/link'))
        const notADirectory = planOf('', { process: { workingDir: '/etc/plain' } })
        await assert.rejects(runtime.create(notADirectory, never), {
          reason: 'CreateContainerError',
          message: /working directory "\/etc\/plain"/,
        })
      })
    })

    it('many are made and started at once', async () => {
      const plans = Array.from({ length: 12 }, (_, number) => planOf(`exit ${number}`))
      const exits = await Promise.all(
        plans.map(async (plan) => {
          await runtime.create(plan, never)
          await runtime.start(plan.id)
          return (await exitOf(runtime, plan.id)).exitCode
        }),
      )
      assert.deepEqual(
        exits,
        plans.map((_, number) => number),
      )
      await Promise.all(plans.map(({ id }) => runtime.remove(id)))
      assert.deepEqual(await runtime.list(), [])
    })

    it('a create that is stopped leaves nothing', async () => {
      for (const afterMs of [0, 3, 6, 9]) {
        const plan = planOf('sleep 100')
        await assert.rejects(runtime.create(plan, AbortSignal.timeout(afterMs)), { reason: 'Interrupted' })
        assert.deepEqual(await runtime.list(), [])
      }
    })

    it('a container whose conmon was killed is lost: it ends, and says that its code is made up', async () => {
      const plan = planOf("trap '' TERM; sleep 100")
      await runtime.create(plan, never)
      await runtime.start(plan.id)
      const record = join(machine.runtimeOptions.directory, 'records', plan.id, 'processes.json')
      const { conmon, first } = JSON.parse(readFileSync(record, 'utf8')) as Record<'conmon' | 'first', { pid: number }>
      process.kill(conmon.pid, constants.signals.SIGKILL)
      const exit = await exitOf(runtime, plan.id)
      assert.deepEqual([exit.exitCode, exit.lost], [255, true])
      await until(() => identityOf(first.pid) === undefined)
      await runtime.remove(plan.id)
    })
  },
)

async function exitOf(runtime: ContainerRuntime, id: string) {
  for (;;) {
    const record = (await runtime.list()).find((each) => each.id === id)
    if (record?.is === 'exited') return record
    assert.ok(record !== undefined, `container ${id} is gone`)
    await until(async () => (await runtime.list()).some((each) => each.id === id && each.is === 'exited'))
  }
}

/** The lines of one stream of a CRI log; `P` marks a piece of a line that goes on. */
function joinLines(log: readonly string[], stream: string): string[] {
  const pieces = log.map((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ (\w+) ([FP]) (.*)$/.exec(line))
  const text = pieces
    .filter((piece) => piece?.[1] === stream)
    .map((piece) => `${piece?.[3]}${piece?.[2] === 'F' ? '\n' : ''}`)
  return text.join('').trimEnd().split('\n')
}

function words(lines: string): string[] {
  return lines.split('\n').map((line) => line.split(/\s+/)[1] ?? '')
}

function cgroupOf(controller: string, path: string): string {
  const v1 = join('/sys/fs/cgroup', controller)
  return join(isDirectory(v1) ? v1 : '/sys/fs/cgroup', path)
}

function isDirectory(path: string): boolean {
  try {
    closeSync(openSync(path, fsConstants.O_DIRECTORY))
    return true
  } catch {
    return false
  }
}
