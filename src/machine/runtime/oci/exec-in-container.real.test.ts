import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { openSync, closeSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../../../../test/needs.ts'
import { cgroupProcesses } from '../../linux/cgroups.ts'
import type { ContainerPlan, ContainerRuntime, ExecRequest } from '../container-runtime.ts'
import { makeTestMachine, type TestMachine, until } from './test-machine.ts'

const never = new AbortController().signal
const BUSY = 'while :; do sleep 1; done'

describe('exec in a container', { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let machine: TestMachine
  let runtime: ContainerRuntime & AsyncDisposable
  let ids = 0
  before(async () => {
    machine = makeTestMachine()
    runtime = await machine.open()
  })
  after(async () => {
    await runtime[Symbol.asyncDispose]()
    await machine[Symbol.asyncDispose]()
  })

  const begin = async (changes: Partial<ContainerPlan> = {}, script = BUSY): Promise<ContainerPlan> => {
    const plan = machine.shell(`c${(ids += 1)}`, script, changes)
    await runtime.create(plan, never)
    await runtime.start(plan.id)
    return plan
  }
  const exec = (plan: ContainerPlan, script: string, change: Partial<ExecRequest> = {}) =>
    runtime.exec(plan.id, {
      args: ['/bin/sh', '-c', script],
      workingDir: '/',
      timeoutMs: 20_000,
      signal: never,
      ...change,
    })
  const base = () => machine.shell('none', BUSY).process

  it('has the user, groups, capabilities, limits and cgroup of the container, as its first process has them', async () => {
    const holds =
      'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/self/status; cat /proc/self/cgroup /proc/self/limits /proc/self/oom_score_adj; ls -l /proc/self/ns | sed "s/.*-> //"'
    const user = { uid: 1234, gid: 5678, additionalGids: [99] }
    for (const noNewPrivileges of [true, false]) {
      const security = { ...machine.shell('none', '').security, noNewPrivileges }
      const process = { ...base(), user, oomScoreAdj: 500, args: ['/bin/sh', '-c', `${holds}; ${BUSY}`] }
      const plan = await begin({ security, process })
      await until(() => machine.output(plan).includes('uts:'))
      assert.deepEqual((await exec(plan, holds)).output.trim().split('\n'), machine.output(plan).split('\n'))
      assert.match(machine.output(plan), /Seccomp:\s2\n/)
    }
  })

  it('takes environment and working directory; has both outputs', async () => {
    const plan = await begin({ process: { ...base(), env: ['PATH=/bin', 'A=own', 'B=own'] } })
    const { output } = await exec(plan, 'pwd; echo $A $B $C; echo error >&2', {
      env: ['A=new', 'C=x=y'],
      workingDir: '/tmp',
    })
    assert.equal(output.replace('error\n', ''), '/tmp\nnew own x=y\n')
    assert.match(output, /^error$/m)
  })

  it('keeps the end of a long output, whole characters only', async () => {
    const { output, exitCode } = await exec(
      await begin(),
      'i=0; while [ $i -lt 9000 ]; do echo "ä$i"; i=$((i+1)); done; exit 3',
    )
    assert.equal(exitCode, 3)
    assert.ok(output.endsWith('ä8998\nä8999\n'))
    const bytes = Buffer.byteLength(output)
    assert.ok(bytes <= 16_384 && bytes > 16_380, `${bytes} bytes`)
    assert.ok(!output.includes('\ufffd'))
  })

  it('exit codes and signals are the program’s own; what it says is no complaint of the runtime', async () => {
    const plan = await begin()
    for (const code of [0, 1, 126, 127, 255]) {
      assert.deepEqual(await exec(plan, `echo 'level=error msg="exec failed"' >&2; exit ${code}`), {
        exitCode: code,
        output: 'level=error msg="exec failed"\n',
        timedOut: false,
      })
    }
    assert.equal((await exec(plan, 'kill -9 $$')).exitCode, 137)
  })

  it('when its time is up, its children die with it, whatever session or parent they have', async () => {
    const plan = await begin()
    await until(() => cgroupProcesses(plan.cgroupPath).length === 2)
    const tree =
      'trap "" TERM; sleep 1001 & (sleep 1002 & sleep 1003 &) ; setsid sleep 1004 & setsid sh -c "sleep 1005 & sleep 1006" & echo up; sleep 1007'
    const result = await exec(plan, tree, { timeoutMs: 700 })
    assert.deepEqual(result, { exitCode: 137, output: 'up\n', timedOut: true })
    const left = cgroupProcesses(plan.cgroupPath).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    assert.deepEqual(
      left.filter((line) => line.includes('100')),
      [],
    )
    assert.equal(left.length, 2)
  })

  it('a child that it leaves behind on purpose lives on', async () => {
    const plan = await begin()
    await exec(plan, 'sleep 1010 >/dev/null 2>&1 &')
    const left = cgroupProcesses(plan.cgroupPath).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    assert.ok(left.some((line) => line.includes('1010')))
  })

  it('says what is wrong with a program', async () => {
    const layerFile = (name: string, text: string, mode: number) => {
      writeFileSync(join(machine.layer, 'bin', name), text, { mode })
    }
    layerFile('garbage', '\0\0\0\0', 0o755)
    layerFile('not-executable', 'x', 0o644)
    const plan = await begin()
    const run = (program: string) => exec(plan, '', { args: [program] })
    const rows: [string, RegExp][] = [
      ['/bin/none', /exec "\/bin\/none": no such file in the image/],
      ['none', /exec "none": no such program on the PATH of the image/],
      ['/bin/garbage', /exec "\/bin\/garbage": exec format error/],
      ['/bin/not-executable', /exec "\/bin\/not-executable": permission denied/],
    ]
    for (const [program, message] of rows) {
      await assert.rejects(run(program), (error: Error) => {
        assert.match(error.message, message)
        return 'reason' in error && error.reason === 'StartError'
      })
    }
  })

  it('none of our files is open in it', async () => {
    const open = openSync('/etc/hostname', 'r')
    try {
      const { output } = await exec(await begin(), 'ls /proc/self/fd')
      // 3 is the folder that ls reads.
      assert.deepEqual(output.trim().split('\n'), ['0', '1', '2', '3'])
    } finally {
      closeSync(open)
    }
  })

  it('a user other than root can open its own output again', async () => {
    const process = { ...base(), user: { uid: 1234, gid: 5678, additionalGids: [] } }
    const { output, exitCode } = await exec(
      await begin({ process }),
      'echo a > /proc/self/fd/1; echo b > /proc/self/fd/2',
    )
    // Between the two there is no order.
    assert.deepEqual([exitCode, output.trim().split('\n').toSorted()], [0, ['a', 'b']])
  })

  it('does not lead out through a file that the runtime has open (CVE-2024-21626)', async () => {
    const plan = await begin({}, `ln -s /proc/self/fd/7 /tmp/link; ${BUSY}`)
    await until(async () => (await exec(plan, '[ -L /tmp/link ]')).exitCode === 0)
    const ways = [
      ...Array.from({ length: 20 }, (_, fd) => `/proc/self/fd/${fd}`),
      '/proc/1/fd/1',
      '/proc/self/fd/7/../..',
      '/tmp/link',
      '/proc/1/root',
      '.',
    ]
    for (const workingDir of ways) {
      await assert.rejects(exec(plan, 'ls', { workingDir }), { reason: 'StartError' }, workingDir)
    }
  })

  it('does not give the runtime’s own program away (CVE-2019-5736)', async () => {
    const program = machine.runtimeOptions.runtimeProgram
    const hash = () => createHash('sha256').update(readFileSync(program)).digest('hex')
    const before = hash()
    // The program that is run is the one that runs it, and is written to while it is.
    const plan = await begin(
      {},
      'ln -s /proc/self/exe /tmp/me; while :; do for p in /proc/[0-9]*; do echo x > $p/exe; done; done 2>/dev/null',
    )
    await until(async () => (await exec(plan, '[ -L /tmp/me ]')).exitCode === 0)
    for (const program of ['/proc/self/exe', '/tmp/me']) {
      await runtime
        .exec(plan.id, { args: [program], workingDir: '/', timeoutMs: 5_000, signal: never })
        .catch(() => undefined)
    }
    assert.equal(hash(), before)
  })

  it('leaves no file and no descriptor behind', async () => {
    const plan = await begin()
    const record = join(machine.runtimeOptions.directory, 'records', plan.id)
    const count = () => [readdirSync('/proc/self/fd').length, readdirSync(record)]
    await exec(plan, 'true')
    const before = count()
    await Promise.all(Array.from({ length: 8 }, () => exec(plan, 'true')))
    await exec(plan, 'sleep 1000', { timeoutMs: 100 })
    await exec(plan, '', { args: ['/bin/none'] }).catch(() => undefined)
    assert.deepEqual(count(), before)
  })
})
