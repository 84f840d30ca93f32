import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerPlan } from '../container-runtime.ts'
import { buildConmonCommand } from './conmon-command.ts'
import { buildOciConfig, type OciMachine } from './oci-config.ts'
import { containerFiles, runtimeLayout } from './runtime-layout.ts'
import { defaultSeccompProfile } from './seccomp-profile.ts'

const machine: OciMachine = {
  architecture: 'x64',
  cgroupVersion: 2,
  limitsSwap: true,
  lowestOomScoreAdj: -1000,
  mostOpenFiles: 1 << 30,
  capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
  devices: [{ path: '/dev/kvm', type: 'c', major: 10, minor: 232, fileMode: 0o660, uid: 0, gid: 36 }],
}

const plan: ContainerPlan = {
  id: 'web',
  directory: '/state/web',
  rootfs: { is: 'overlay', lowerDirs: ['/layers/1'], readOnly: false },
  process: {
    args: ['/bin/server', '--port', '80'],
    env: ['PATH=/bin'],
    workingDir: '/srv',
    user: { uid: 33, gid: 34, additionalGids: [34, 50] },
    oomScoreAdj: -997,
  },
  mounts: [
    { source: '/state/shm', destination: '/dev/shm', readOnly: false },
    { source: '/data', destination: '/data', readOnly: true, options: ['rslave'] },
  ],
  namespaces: { network: '/ns/net', ipc: '/ns/ipc', uts: '/ns/uts' },
  cgroupPath: '/peapod/pod1/web',
  resources: { cpuShares: 512, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000, memoryLimitBytes: 1 << 20, pidsLimit: 9 },
  security: {
    privileged: false,
    capabilities: ['CAP_CHOWN', 'CAP_KILL'],
    noNewPrivileges: true,
    seccomp: 'runtime-default',
  },
  logFile: '/logs/web/0.log',
  terminal: false,
  stdin: false,
}

describe('buildOciConfig', () => {
  it('writes the whole config.json of a container', () => {
    assert.deepEqual(buildOciConfig(plan, machine), {
      ociVersion: '1.0.2',
      process: {
        terminal: false,
        user: { uid: 33, gid: 34, additionalGids: [34, 50] },
        args: ['/bin/server', '--port', '80'],
        env: ['PATH=/bin'],
        cwd: '/srv',
        capabilities: {
          bounding: ['CAP_CHOWN', 'CAP_KILL'],
          effective: ['CAP_CHOWN', 'CAP_KILL'],
          permitted: ['CAP_CHOWN', 'CAP_KILL'],
          inheritable: [],
          ambient: [],
        },
        rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1_048_576, soft: 1_048_576 }],
        noNewPrivileges: true,
        oomScoreAdj: -997,
      },
      root: { path: 'rootfs', readonly: false },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
        {
          destination: '/dev',
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
        },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
        },
        { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
        { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
        {
          destination: '/sys/fs/cgroup',
          type: 'cgroup',
          source: 'cgroup',
          options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
        },
        { destination: '/dev/shm', type: 'bind', source: '/state/shm', options: ['rbind', 'rprivate', 'rw'] },
        { destination: '/data', type: 'bind', source: '/data', options: ['rbind', 'ro', 'rslave'] },
      ],
      linux: {
        namespaces: [
          { type: 'mount' },
          { type: 'pid' },
          { type: 'ipc', path: '/ns/ipc' },
          { type: 'uts', path: '/ns/uts' },
          { type: 'network', path: '/ns/net' },
          { type: 'cgroup' },
        ],
        cgroupsPath: '/peapod/pod1/web',
        resources: {
          devices: [{ allow: false, access: 'rwm' }],
          cpu: { shares: 512, quota: 50_000, period: 100_000 },
          memory: { limit: 1 << 20, swap: 1 << 20 },
          pids: { limit: 9 },
          unified: { 'memory.oom.group': '1' },
        },
        devices: [],
        maskedPaths: [
          '/proc/acpi',
          '/proc/asound',
          '/proc/interrupts',
          '/proc/kcore',
          '/proc/keys',
          '/proc/latency_stats',
          '/proc/sched_debug',
          '/proc/scsi',
          '/proc/timer_list',
          '/proc/timer_stats',
          '/sys/devices/virtual/powercap',
          '/sys/firmware',
        ],
        readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
        rootfsPropagation: 'rslave',
        seccomp: defaultSeccompProfile('x64', ['CAP_CHOWN', 'CAP_KILL']),
      },
    })
  })

  it('a privileged container gets all that the machine has', () => {
    const config = buildOciConfig({ ...plan, security: { ...plan.security, privileged: true } }, machine)
    assert.deepEqual(config.process.capabilities.bounding, ['CAP_CHOWN', 'CAP_SYS_ADMIN'])
    assert.deepEqual(config.linux.devices, machine.devices)
    assert.deepEqual(config.linux.resources.devices, [{ allow: true, access: 'rwm' }])
    assert.deepEqual([config.linux.maskedPaths, config.linux.readonlyPaths], [[], []])
    assert.equal(config.linux.seccomp, undefined)
    const access = config.mounts
      .filter(({ destination }) => destination.startsWith('/sys'))
      .map(({ options }) => options.at(-1))
    assert.deepEqual(access, ['rw', 'rw'])
    assert.deepEqual(config.linux.namespaces.at(-1), { type: 'network', path: '/ns/net' })
  })

  it('on cgroup version 1 there is no cgroup namespace and no group kill, and swap only where it can be limited', () => {
    const old = buildOciConfig(plan, { ...machine, cgroupVersion: 1, limitsSwap: false })
    assert.equal(
      old.linux.namespaces.some(({ type }) => type === 'cgroup'),
      false,
    )
    assert.equal(old.linux.resources.unified, undefined)
    assert.deepEqual(old.linux.resources.memory, { limit: 1 << 20 })
  })

  it('without limits, on the network of the host, with namespaces of its own and a shared process namespace', () => {
    const { linux } = buildOciConfig(
      { ...plan, resources: {}, namespaces: { network: 'host', pid: '/ns/pid' } },
      machine,
    )
    assert.deepEqual(linux.resources, {
      devices: [{ allow: false, access: 'rwm' }],
      unified: { 'memory.oom.group': '1' },
    })
    assert.deepEqual(linux.namespaces, [
      { type: 'mount' },
      { type: 'pid', path: '/ns/pid' },
      { type: 'ipc' },
      { type: 'uts' },
      { type: 'cgroup' },
    ])
  })

  it('takes the nearest score and file limit that the machine allows', () => {
    const config = buildOciConfig(plan, { ...machine, lowestOomScoreAdj: 0, mostOpenFiles: 20_000 })
    assert.equal(config.process.oomScoreAdj, 0)
    assert.deepEqual(config.process.rlimits, [{ type: 'RLIMIT_NOFILE', hard: 20_000, soft: 20_000 }])
  })

  it('a terminal has a name, unless the image names another', () => {
    const env = (lines: string[]) =>
      buildOciConfig({ ...plan, terminal: true, process: { ...plan.process, env: lines } }, machine).process.env
    assert.deepEqual(env(['A=b']), ['A=b', 'TERM=xterm'])
    assert.deepEqual(env(['TERM=vt100']), ['TERM=vt100'])
  })

  it('what the plan mounts in the place of a default replaces it; without /dev/shm there is one', () => {
    const mounts = [{ source: '/x', destination: '/sys/fs/cgroup/', readOnly: true }]
    const config = buildOciConfig({ ...plan, mounts }, machine)
    assert.deepEqual(
      config.mounts.map(({ destination, type }) => `${destination} ${type}`),
      [
        '/proc proc',
        '/dev tmpfs',
        '/dev/pts devpts',
        '/dev/mqueue mqueue',
        '/dev/shm tmpfs',
        '/sys sysfs',
        '/sys/fs/cgroup/ bind',
      ],
    )
  })
})

describe('defaultSeccompProfile', () => {
  const namesWith = (architecture: string, capabilities: string[]) =>
    defaultSeccompProfile(architecture, capabilities)?.syscalls.flatMap(({ names, action }) =>
      action === 'SCMP_ACT_ALLOW' ? names : [],
    ) ?? []

  it('allows the everyday calls and none of the dangerous ones', () => {
    const names = namesWith('x64', [])
    for (const name of ['read', 'openat2', 'clone', 'socket', 'futex_waitv', 'arch_prctl'])
      assert.ok(names.includes(name), name)
    for (const name of ['mount', 'bpf', 'keyctl', 'kexec_load', 'setns', 'unshare', 'io_uring_setup', 'userfaultfd'])
      assert.ok(!names.includes(name), name)
  })

  it('a capability opens its calls', () => {
    assert.ok(namesWith('x64', ['CAP_SYS_ADMIN']).includes('mount'))
    assert.ok(namesWith('x64', ['CAP_SYS_TIME']).includes('clock_settime'))
    const admin = defaultSeccompProfile('x64', ['CAP_SYS_ADMIN'])
    assert.equal(
      admin?.syscalls.some(({ action }) => action === 'SCMP_ACT_ERRNO'),
      false,
    )
  })

  it('clone without new namespaces, clone3 as if the kernel did not know it', () => {
    assert.deepEqual(defaultSeccompProfile('x64', [])?.syscalls.slice(-2), [
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ])
  })

  it('knows each architecture its own', () => {
    assert.deepEqual(defaultSeccompProfile('arm64', [])?.architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'])
    assert.ok(!namesWith('arm64', []).includes('arch_prctl'))
    assert.equal(defaultSeccompProfile('pdp11', []), undefined)
  })

  it('names nothing twice', () => {
    const [first] = defaultSeccompProfile('x64', ['CAP_BPF', 'CAP_SYS_ADMIN'])?.syscalls ?? []
    assert.equal(new Set(first?.names).size, first?.names.length)
  })
})

describe('buildConmonCommand', () => {
  const programs = { conmonProgram: '/usr/bin/conmon', runtimeProgram: '/usr/bin/crun' }
  const layout = runtimeLayout('/state/runtime')
  const container = containerFiles(layout, 'web')

  it('is the whole command', () => {
    assert.deepEqual(buildConmonCommand(programs, plan, { layout, container }), [
      '/usr/bin/conmon',
      '--sync',
      '--api-version=1',
      '--cid=web',
      '--cuuid=web',
      '--name=web',
      '--runtime=/usr/bin/crun',
      '--runtime-arg=--root=/state/runtime/state',
      '--bundle=/state/web',
      '--container-pidfile=/state/runtime/records/web/pid',
      '--log-path=k8s-file:/logs/web/0.log',
      '--log-level=error',
      '--no-sync-log',
      '--exit-dir=/state/runtime/exits',
      '--persist-dir=/state/runtime/records/web',
      '--full-attach',
    ])
  })

  it('a terminal and an open stdin are asked for', () => {
    const command = buildConmonCommand(programs, { ...plan, terminal: true, stdin: true }, { layout, container })
    assert.deepEqual(command.slice(-3), ['--terminal', '--stdin', '--leave-stdin-open'])
  })
})
