import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import type { ContainerStatus, Pod } from '../../src/kube/api/pod.ts'
import { unlessThereIs } from '../needs.ts'
import { pod, shell, UNTIL_STOPPED } from '../real/sample-pods.ts'
import { ServedPeapod } from '../real/serve-peapod.ts'
import { openStateDirectory } from '../real/state-directory.ts'
import { findKubectls, Kubectl, type KubectlProgram } from './kubectl.ts'
import { type Bridge, openBridge, RunningKubectl } from './stream-clients.ts'

const IMAGE = '--image=peapod.local/busybox'
/** Its program is recognized among others by its argument. */
const APP = 'echo up; exec sleep 271828'
const WEB = pod('web', {
  containers: [
    shell('app', APP, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    shell('other', UNTIL_STOPPED),
  ],
  volumes: [{ name: 'data', emptyDir: {} }],
})
const SYS_PTRACE = 19n
const suite = { skip: unlessThereIs('root', 'overlay', 'oci-runtime', 'conmon', 'nft', 'busybox', 'kubectl') }

describe('kubectl debug', { ...suite, timeout: 280_000 }, () => {
  const all = suite.skip === false ? findKubectls() : []
  // The oldest, the newest, and one in between that speaks both protocols.
  const programs = all.filter((_, index) => [0, Math.floor(all.length / 2), all.length - 1].includes(index))
  const newest = programs.at(-1) ?? { version: '0.0', path: '' }
  let directory: Awaited<ReturnType<typeof openStateDirectory>>
  let served: ServedPeapod
  let bridge: Bridge
  before(async () => {
    directory = await openStateDirectory()
    served = new ServedPeapod({ stateDirectory: directory.path, args: ['--restart-backoff=fast'] })
    served.start()
    await served.ready()
    bridge = await openBridge(served.socketPath)
    await served.create(WEB)
    await served.until('the pod is ready', async () => isReady(await served.pod('web')))
  })
  after(async () => {
    await bridge[Symbol.asyncDispose]()
    try {
      await served.close()
    } catch (error) {
      await served.abandon()
      throw error
    } finally {
      await directory[Symbol.asyncDispose]()
    }
  })

  const looked = async (name: string, container: string): Promise<ContainerStatus | undefined> =>
    (await served.pod(name))?.status?.ephemeralContainerStatuses?.find((status) => status.name === container)
  const running = (name: string, container: string) =>
    served.until(`${container} runs`, async () => {
      const status = await looked(name, container)
      return status?.state?.running === undefined ? undefined : status
    })
  const ended = (name: string, container: string) =>
    served.until(`${container} has ended`, async () => (await looked(name, container))?.state?.terminated)

  for (const program of programs) {
    const called = (what: string): string => `${what}-${program.version.replace('.', '-')}`

    it(`kubectl ${program.version} has a terminal among the processes of a container`, async () => {
      const name = called('terminal')
      const said = await inTerminal(
        program,
        `--server ${bridge.url} debug web -it ${IMAGE} --target=app -c ${name} -- sh`,
        'ps; tty; exit 3\n',
      )
      assert.match(said, /\n +1 root +sleep 271828\r\n(.*\r\n)*\/dev\/pts\/\d+\r\n/)
      assert.equal((await ended('web', name)).exitCode, 3)
    })

    it(`kubectl ${program.version} gives it an input without a terminal`, async () => {
      const name = called('input')
      const args = ['debug', 'web', '-i', IMAGE, '-c', name, '--', 'sh', '-c', 'read line; echo "<$line>"']
      await using kubectl = new RunningKubectl(program, bridge.url, args)
      let said = ''
      kubectl.child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
      kubectl.child.stdin.write('hello\n')
      assert.equal(await kubectl.ended(), 0, kubectl.complaints)
      assert.match(said, /^<hello>$/m)
    })

    it(`kubectl ${program.version} shows it and gets into it`, async () => {
      const name = called('shown')
      using kubectl = new Kubectl(program, bridge.url)
      await kubectl.ok(`debug web ${IMAGE} -c ${name} -- sh -c`, `echo one; ${UNTIL_STOPPED}`)
      const { containerID } = await running('web', name)
      const described = await kubectl.ok('describe pod web')
      assert.match(
        described,
        new RegExp(`\nEphemeral Containers:\n(.*\n)* {2}${name}:\n {4}Container ID: +${containerID}\n`),
      )
      assert.match(described, new RegExp(`Started container ${name}\n`))
      assert.match(
        await kubectl.ok('get pod web -o yaml'),
        new RegExp(`\n {2}ephemeralContainerStatuses:\n(.*\n)* {4}name: ${name}\n`),
      )
      assert.match(await kubectl.ok('get pod web'), /\nweb +2\/2 +Running +0 /)
      assert.equal(await kubectl.ok(`logs web -c ${name}`), 'one\n')
      assert.match(await kubectl.ok(`exec web -c ${name} -- ps`), /\n +1 root .* sh -c echo one/)
      const event = `get events --field-selector involvedObject.fieldPath=spec.ephemeralContainers{${name}}`
      assert.match(await kubectl.ok(`${event} -o`, 'jsonpath={.items[*].reason}'), /\bStarted\b/)
    })

    it(`kubectl ${program.version} attaches to one that is there`, async () => {
      const name = called('there')
      using kubectl = new Kubectl(program, bridge.url)
      const echo = 'while read line; do echo "<$line>"; done'
      await kubectl.ok(`debug web -i --attach=false ${IMAGE} -c ${name} -- sh -c`, echo)
      await running('web', name)
      await using attached = new RunningKubectl(program, bridge.url, ['attach', 'web', '-i', '-c', name])
      let said = ''
      attached.child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
      attached.child.stdin.write('hello\n')
      await served.until('it answers', () => Promise.resolve(said.includes('<hello>\n')))
    })

    it(`kubectl ${program.version} gives it what a profile says`, async () => {
      const name = called('profile')
      using kubectl = new Kubectl(program, bridge.url)
      await kubectl.ok(`debug web ${IMAGE} --profile=general -c ${name} -- grep CapEff /proc/self/status`)
      assert.equal((await ended('web', name)).exitCode, 0)
      const [, capabilities = ''] = /CapEff:\s*(\w+)/.exec(await kubectl.ok(`logs web -c ${name}`)) ?? []
      assert.equal((BigInt(`0x${capabilities}`) >> SYS_PTRACE) & 1n, 1n, 'it may trace processes')
    })

    it(`kubectl ${program.version} copies a pod`, async () => {
      const name = called('copy')
      using kubectl = new Kubectl(program, bridge.url)
      const how = `--copy-to=${name} --share-processes=false --same-node -c tools`
      await kubectl.ok(`debug web ${IMAGE} ${how} -- sh -c`, UNTIL_STOPPED)
      const copied = await served.until('the copy is ready', async () => isReady(await served.pod(name)))
      assert.deepEqual(
        copied.spec.containers.map((container) => container.name),
        ['app', 'other', 'tools'],
      )
      await kubectl.ok(`delete pod ${name} --wait=false`)
    })
  }

  it('C1: what is there stays as it is, and who is not there is no target', async () => {
    using kubectl = new Kubectl(newest, bridge.url)
    await kubectl.ok(`debug web ${IMAGE} -c once -- true`)
    await ended('web', 'once')
    assert.match(
      await kubectl.refused(`debug web ${IMAGE} -c once -- false`),
      /The Pod "web" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "once" may not be changed\n/,
    )
    assert.match(
      await kubectl.refused(`debug web ${IMAGE} -c lost --target=nobody -- true`),
      /spec.ephemeralContainers\[\d+\].targetContainerName: Not found: "nobody"/,
    )
  })

  it('C1: it sees the volumes that it asks for', async () => {
    using kubectl = new Kubectl(newest, bridge.url)
    await kubectl.ok('exec web -c app -- sh -c', 'echo treasure > /data/found')
    const web = JSON.parse(await kubectl.ok('get pod web -o json')) as Pod
    const mounting = { ...shell('mounting', 'cat /mnt/found'), volumeMounts: [{ name: 'data', mountPath: '/mnt' }] }
    const ephemeralContainers = [...(web.spec.ephemeralContainers ?? []), mounting]
    const file = kubectl.file('web.json', { ...web, spec: { ...web.spec, ephemeralContainers } })
    await kubectl.ok(`replace --raw /api/v1/namespaces/default/pods/web/ephemeralcontainers -f ${file}`)
    await ended('web', 'mounting')
    assert.equal(await kubectl.ok('logs web -c mounting'), 'treasure\n')
  })

  it('C1: it finds out why a pod does not get on', async () => {
    using kubectl = new Kubectl(newest, bridge.url)
    await served.create(
      pod('stuck', { initContainers: [shell('wait', 'sleep 314159')], containers: [shell('app', 'true')] }),
    )
    await served.until('the init container runs', async () => {
      const [status] = (await served.pod('stuck'))?.status?.initContainerStatuses ?? []
      return status?.state?.running !== undefined
    })
    await kubectl.ok(`debug stuck ${IMAGE} --target=wait -c why -- ps`)
    await ended('stuck', 'why')
    assert.match(await kubectl.ok('logs stuck -c why'), /\n +1 root +sleep 314159\n/)
    assert.match(await kubectl.ok('get pod stuck'), / Init:0\/1 /)
    await kubectl.ok(`debug stuck ${IMAGE} --target=app -c early -- ps`)
    const waiting = await served.until('it is told why it waits', async () => {
      const { state } = (await looked('stuck', 'early')) ?? {}
      return state?.waiting?.reason === 'CreateContainerConfigError' && state.waiting.message
    })
    assert.equal(waiting, 'unable to find target container app')
    await served.delete('stuck', 0)
  })

  it('C1, R7: it goes on when all containers begin anew, and ends with the container whose processes it shares', async () => {
    using kubectl = new Kubectl(newest, bridge.url)
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }]
    const app = shell('app', 'until [ -e /go ]; do sleep 0.1; done; exit 42', {
      restartPolicy: 'Never',
      restartPolicyRules: rules,
    })
    await served.create(pod('anew', { containers: [app, shell('other', UNTIL_STOPPED)] }))
    await served.until('the pod is ready', async () => isReady(await served.pod('anew')))
    await kubectl.ok(`debug anew ${IMAGE} -c apart -- sh -c`, UNTIL_STOPPED)
    await kubectl.ok(`debug anew ${IMAGE} -c inside --target=app -- sh -c`, UNTIL_STOPPED)
    const [apart] = await Promise.all([running('anew', 'apart'), running('anew', 'inside')])
    await kubectl.ok('exec anew -c app -- touch /go')
    await served.until('all have begun anew', async () => {
      const again = await served.pod('anew')
      const restarts = again?.status?.containerStatuses?.map(({ restartCount }) => restartCount)
      return isReady(again) && String(restarts) === '1,1'
    })
    assert.deepEqual(await looked('anew', 'apart'), apart)
    const { exitCode, signal } = await ended('anew', 'inside')
    assert.deepEqual([exitCode, signal], [137, 9])
    assert.equal((await looked('anew', 'inside'))?.restartCount, 0)
    await served.delete('anew', 1)
  })

  it('S12, C1: it outlives the server, and what has ended is not run again', async () => {
    using kubectl = new Kubectl(newest, bridge.url)
    await kubectl.ok(`debug web ${IMAGE} -c over -- sh -c`, 'echo once; exit 7')
    await kubectl.ok(`debug web ${IMAGE} -c lasting --target=app -- sh -c`, UNTIL_STOPPED)
    await ended('web', 'over')
    const before = await running('web', 'lasting')
    await served.end('SIGKILL')
    served.start()
    await served.ready()
    assert.deepEqual(await running('web', 'lasting'), before)
    assert.match(await kubectl.ok('exec web -c lasting -- ps'), /\n +1 root +sleep 271828\n/)
    assert.equal((await looked('web', 'over'))?.state?.terminated?.exitCode, 7)
    assert.equal(await kubectl.ok('logs web -c over'), 'once\n')
  })

  it('H7, C1: it does not keep up a pod that has done its work', async () => {
    using kubectl = new Kubectl(newest, bridge.url)
    await served.create(pod('work', { containers: [shell('app', 'until [ -e /go ]; do sleep 0.1; done')] }))
    await served.until('the pod is ready', async () => isReady(await served.pod('work')))
    await kubectl.ok(`debug work ${IMAGE} -c looking -- sh -c`, UNTIL_STOPPED)
    await running('work', 'looking')
    await kubectl.ok('exec work -c app -- touch /go')
    await served.until('the pod has succeeded', async () => (await served.pod('work'))?.status?.phase === 'Succeeded')
    assert.equal((await looked('work', 'looking'))?.state?.terminated?.exitCode, 0)
  })
})

function isReady(one: Pod | undefined): Pod | false {
  const isTrue = one?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  return one !== undefined && isTrue === true && one
}

/** Runs kubectl in a terminal; writes once there is a prompt. @returns what was on the screen in the end. */
async function inTerminal({ path }: KubectlProgram, args: string, typed: string): Promise<string> {
  const child = spawn('script', ['-qec', `${path} --kubeconfig=/dev/null ${args}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const closed = once(child, 'close')
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const hadPrompt = screen.includes('# ')
    screen += text
    if (!hadPrompt && screen.includes('# ')) child.stdin.write(typed)
  })
  await closed
  return screen
}
