import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer, type FakeObject } from '../../client/fake-api-server.ts'
import { callCli, FakeCall } from '../fake-environment.ts'

const at = (secondsAgo: number): string => new Date(Date.UTC(2026, 10, 20) - secondsAgo * 1_000).toISOString()

function event(name: string, fields: object): FakeObject {
  const involvedObject = { kind: 'Pod', name: 'web' }
  return { metadata: { name, namespace: 'shop' }, type: 'Normal', reason: 'Started', involvedObject, ...fields }
}

const STARTED = event('started', { firstTimestamp: at(5), lastTimestamp: at(5), count: 1, message: 'Started app\n' })
const BACK_OFF = event('back-off', {
  type: 'Warning',
  reason: 'BackOff',
  firstTimestamp: at(58),
  lastTimestamp: at(3),
  count: 6,
  message: 'Back-off restarting',
})
const SCHEDULED = event('scheduled', { reason: 'Scheduled', eventTime: at(60), message: 'assigned' })
const SERIES = event('series', {
  reason: 'Probed',
  eventTime: at(600),
  series: { count: 4, lastObservedTime: at(1) },
  message: 'again',
})

describe('peapod events', { timeout: 10_000 }, () => {
  it('lists them by the time they were seen last, in the words of kubectl', async () => {
    await using server = await FakeApiServer.open()
    for (const one of [STARTED, SERIES, BACK_OFF, SCHEDULED]) server.put('events', one)
    const { stdout, exitCode } = await callCli(['events', '-n', 'shop'], { endpoint: server.endpoint })
    assert.equal(exitCode, 0)
    assert.equal(
      stdout,
      `LAST SEEN          TYPE      REASON      OBJECT    MESSAGE
60s                Normal    Scheduled   Pod/web   assigned
5s                 Normal    Started     Pod/web   Started app
3s (x6 over 58s)   Warning   BackOff     Pod/web   Back-off restarting
1s (x4 over 10m)   Normal    Probed      Pod/web   again
`,
    )
    const warnings = await callCli(['events', '-A', '--types=warning', '--no-headers'], { endpoint: server.endpoint })
    assert.equal(warnings.stdout, 'shop   3s (x6 over 58s)   Warning   BackOff   Pod/web   Back-off restarting\n')
  })

  it('asks for those of one object by its kind', async () => {
    await using server = await FakeApiServer.open()
    const { stderr } = await callCli(['events', '--for', 'po/web'], { endpoint: server.endpoint })
    assert.equal(stderr, 'No events found in default namespace.\n')
    const selector = new URL(server.requests.at(-1)?.split(' ')[1] ?? '', 'http://x').searchParams.get('fieldSelector')
    assert.equal(selector, 'involvedObject.kind=Pod,involvedObject.apiVersion=v1,involvedObject.name=web')
    const wrong = await callCli(['events', '--for', 'web'], { endpoint: server.endpoint })
    assert.equal(wrong.stderr, 'peapod: --for must be TYPE/NAME, such as pod/web; got "web"\n')
    const unknown = await callCli(['events', '--for', 'pdo/web'], { endpoint: server.endpoint })
    assert.match(unknown.stderr, /the server doesn't have a resource type "pdo"|could not find the requested resource/)
  })

  it('with --watch prints those that come, until Ctrl-C', async () => {
    await using server = await FakeApiServer.open()
    server.put('events', SCHEDULED)
    const call = new FakeCall(['events', '-w'], { endpoint: server.endpoint })
    await call.stdout.shows('Scheduled')
    server.put('events', BACK_OFF)
    await call.stdout.shows('BackOff')
    call.interrupt('SIGTERM')
    assert.equal(await call.exitCode, 143)
    assert.equal(call.stdout.text.match(/LAST SEEN/g)?.length, 1)
  })
})
