import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { unlessThereIs } from '../needs.ts'
import { type PeapodRun, runPeapod } from './run-peapod.ts'
import { pod, shell } from './sample-pods.ts'
import { openStateDirectory } from './state-directory.ts'

describe('containers', { skip: unlessThereIs('root', 'oci-runtime', 'conmon', 'busybox') }, () => {
  let state: Awaited<ReturnType<typeof openStateDirectory>>
  before(async () => {
    state = await openStateDirectory()
  })
  after(() => state[Symbol.asyncDispose]())

  async function ended(spec: object, metadata: object = {}): Promise<PeapodRun> {
    const plain = pod('contained', spec)
    const run = runPeapod({
      stateDirectory: state.path,
      pods: [{ ...plain, metadata: { name: 'contained', ...metadata } }],
    })
    await run.end()
    return run
  }

  /** What each container says, one pod for all. */
  async function outputOf(spec: object, metadata: object = {}): Promise<(container: string) => readonly string[]> {
    const run = await ended(spec, metadata)
    return (container) => run.logOf(container)
  }

  it('get the environment of the manifest, variables and fields of the pod in place (E1, E2)', async () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
    const said = await outputOf(
      {
        containers: [
          shell('app', 'env', {
            env: [
              { name: 'GREETING', value: 'hello' },
              { name: 'WHOLE', value: '$(GREETING) world, $$(GREETING) stays, $(UNKNOWN) too' },
              field('POD_NAME', 'metadata.name'),
              field('NAMESPACE', 'metadata.namespace'),
              field('LABEL', "metadata.labels['tier']"),
              field('POD_IP', 'status.podIP'),
              field('HOST_IP', 'status.hostIP'),
              { name: 'SEEN', value: 'from $(POD_NAME)' },
            ],
          }),
          shell('args', 'echo "$0 $1"', { args: ['$(WORD)', 'second'], env: [{ name: 'WORD', value: 'first' }] }),
        ],
      },
      { labels: { tier: 'front' } },
    )
    const env: Partial<Record<string, string>> = {}
    for (const line of said('app')) env[line.split('=')[0] ?? ''] = line.slice(line.indexOf('=') + 1)
    assert.equal(env['WHOLE'], 'hello world, $(GREETING) stays, $(UNKNOWN) too')
    assert.deepEqual([env['POD_NAME'], env['NAMESPACE'], env['LABEL']], ['contained', 'default', 'front'])
    assert.equal(env['SEEN'], 'from contained')
    assert.equal(env['HOSTNAME'], 'contained')
    assert.match(env['POD_IP'] ?? '', /^\d+\.\d+\.\d+\.\d+$/)
    assert.match(env['HOST_IP'] ?? '', /^\d+\.\d+\.\d+\.\d+$/)
    assert.deepEqual(said('args'), ['first second'])
  })

  it('run as the user, with the groups and in the directory of the manifest', async () => {
    const said = await outputOf({
      securityContext: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000, 5000] },
      containers: [
        shell(
          'app',
          'id -u; id -g; id -G; pwd; touch /tmp/mine && echo may write /tmp; touch /mine || echo but not /',
          {
            workingDir: '/tmp',
          },
        ),
        shell('other', 'id -u; id -g', { securityContext: { runAsUser: 7, runAsGroup: 8 } }),
        shell('made', 'pwd', { workingDir: '/made/on/the/way' }),
      ],
    })
    const [uid, gid, groups, directory, ...rest] = said('app')
    assert.deepEqual([uid, gid, directory], ['1000', '3000', '/tmp'])
    assert.deepEqual(new Set(groups?.split(' ')), new Set(['3000', '4000', '5000']))
    assert.deepEqual(
      rest.filter((line) => !line.startsWith('touch:')),
      ['may write /tmp', 'but not /'],
    )
    assert.deepEqual(said('other'), ['7', '8'])
    assert.deepEqual(said('made'), ['/made/on/the/way'])
  })

  it('refuse to run as root under runAsNonRoot, in words', async () => {
    const run = runPeapod({
      stateDirectory: state.path,
      pods: [pod('root', { securityContext: { runAsNonRoot: true }, containers: [shell('app', 'true')] })],
    })
    await run.until('it says so', () =>
      run.newsOf('app', 'not-started').some((event) => /runAsNonRoot/.test(event.message ?? '')),
    )
    await run[Symbol.asyncDispose]()
  })

  it('have the capabilities of a Kubernetes node, more and fewer as the manifest says', async () => {
    const effective = 'grep CapEff /proc/self/status | cut -f2'
    const said = await outputOf({
      containers: [
        shell('plain', effective),
        shell('less', effective, { securityContext: { capabilities: { drop: ['ALL'], add: ['CHOWN'] } } }),
        shell('more', effective, { securityContext: { capabilities: { add: ['NET_ADMIN'] } } }),
        shell('user', effective, { securityContext: { runAsUser: 1000 } }),
        shell('privileged', `${effective}; ls /dev | wc -l`, { securityContext: { privileged: true } }),
        shell('bound', 'grep NoNewPrivs /proc/self/status | cut -f2', {
          securityContext: { allowPrivilegeEscalation: false },
        }),
      ],
    })
    const CHOWN = 1n << 0n
    const NET_ADMIN = 1n << 12n
    const SYS_ADMIN = 1n << 21n
    const of = (name: string) => BigInt(`0x${said(name)[0]}`)
    assert.equal(of('plain').toString(16), 'a80425fb')
    assert.equal(of('less'), CHOWN)
    assert.equal(of('more'), of('plain') | NET_ADMIN)
    assert.equal(of('user'), 0n)
    assert.equal(of('privileged') & SYS_ADMIN, SYS_ADMIN)
    assert.ok(Number(said('privileged')[1]) > 15)
    assert.deepEqual(said('bound'), ['1'])
  })

  it('cannot leave their box: no user namespace, no device, no kernel settings', async () => {
    const attempt = (what: string) => `( ${what} ) >/dev/null 2>&1 && echo done || echo refused`
    const said = await outputOf({
      containers: [
        shell(
          'app',
          [
            'unshare -U true',
            'mount -t tmpfs none /mnt',
            'mknod /tmp/disk b 254 0 && dd if=/tmp/disk of=/dev/null count=1',
            'echo 1 > /proc/sys/kernel/panic',
            'echo x > /sys/kernel/uevent_helper',
            'echo b > /proc/sysrq-trigger',
            'dd if=/proc/kcore of=/dev/null count=1 bs=1 2>&1 | grep -q "1 bytes"',
            'ip link add dummy9 type dummy',
            'chroot / true',
          ]
            .map(attempt)
            .join('\n'),
        ),
        shell('seccomp', 'grep "^Seccomp:" /proc/self/status | cut -f2'),
        shell('unconfined', 'grep "^Seccomp:" /proc/self/status | cut -f2', {
          securityContext: { seccompProfile: { type: 'Unconfined' } },
        }),
        shell('files', 'ls -1 /proc/scsi /sys/firmware 2>/dev/null | grep -v : | wc -w; ls /dev'),
      ],
    })
    // chroot is among the capabilities of a Kubernetes node.
    assert.deepEqual(said('app'), [...Array<string>(8).fill('refused'), 'done'])
    assert.deepEqual(said('seccomp'), ['2'])
    assert.deepEqual(said('unconfined'), ['0'])
    const [hidden, ...devices] = said('files')
    assert.equal(hidden, '0')
    const usual = ['core', 'fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout']
    const known = new Set([...usual, 'termination-log', 'tty', 'urandom', 'zero', 'console'])
    assert.deepEqual(
      devices.filter((name) => !known.has(name)),
      [],
    )
  })

  it('with a read-only root write to volumes only', async () => {
    const said = await outputOf({
      containers: [
        shell('app', 'touch /here 2>/dev/null || echo not here; touch /data/there && echo there', {
          securityContext: { readOnlyRootFilesystem: true },
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        }),
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    })
    assert.deepEqual(said('app'), ['not here', 'there'])
  })

  it('see their limits in their cgroup files', async () => {
    const said = await outputOf({
      containers: [
        shell(
          'app',
          'for f in memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory.max cpu.max; do ' +
            'cat /sys/fs/cgroup/$f 2>/dev/null; done',
          { resources: { limits: { cpu: '500m', memory: '64Mi' } } },
        ),
      ],
    })
    // Version 2 has quota and period in one file.
    assert.equal(said('app').join(' '), '67108864 50000 100000')
  })

  it('that want too much memory are OOMKilled with 137', async () => {
    const hungry = shell('app', 'exec awk \'BEGIN { s = "x"; while (1) s = s s }\'', {
      resources: { limits: { memory: '32Mi' } },
    })
    const run = await ended({ containers: [hungry] })
    assert.equal(await run.end(), 137)
    const [exit] = run.newsOf('app', 'exited')
    assert.deepEqual([exit?.exitCode, exit?.reason], [137, 'OOMKilled'])
  })

  it('leave a termination message (H11)', async () => {
    const run = await ended({
      containers: [
        shell('file', 'echo -n because > /dev/termination-log; exit 1'),
        shell('elsewhere', 'echo -n there > /tmp/why; exit 1', { terminationMessagePath: '/tmp/why' }),
        shell('log', 'echo first; echo last words; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
        shell('long', 'head -c 5000 /dev/zero | tr "\\0" x > /dev/termination-log; exit 1'),
        shell('silent', 'echo not a message; exit 1'),
      ],
    })
    const messageOf = (name: string) => run.newsOf(name, 'exited')[0]?.message
    assert.equal(messageOf('file'), 'because')
    assert.equal(messageOf('elsewhere'), 'there')
    assert.equal(messageOf('log'), 'first\nlast words')
    assert.equal(messageOf('long')?.length, 4096)
    assert.equal(messageOf('silent'), undefined)
  })
})
