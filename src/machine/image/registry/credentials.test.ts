import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { credentialsFromFiles } from './credentials.ts'

describe('credentialsFromFiles', () => {
  let home: string
  const path = process.env['PATH']

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'peapod-auth-'))
    await mkdir(join(home, '.docker'))
    const file = { credHelpers: { 'a.io': 'test', 'b.io': 'test', 'none.io': 'test', 'broken.io': 'test' } }
    await writeFile(join(home, '.docker/config.json'), JSON.stringify(file))
    const helper = `#!/bin/sh
read server
case "$server" in
  a.io) echo '{"ServerURL":"a.io","Username":"me","Secret":"mine"}' ;;
  b.io) echo '{"Username":"<token>","Secret":"refresh"}' ;;
  none.io) echo 'credentials not found in native keychain'; exit 1 ;;
  *) echo 'the keychain is locked' >&2; exit 2 ;;
esac
`
    await writeFile(join(home, 'docker-credential-test'), helper, { mode: 0o755 })
    process.env['PATH'] = `${home}${delimiter}${path ?? ''}`
  })
  after(async () => {
    process.env['PATH'] = path
    await rm(home, { recursive: true })
  })

  it('asks a helper', async () => {
    const lookup = credentialsFromFiles({ HOME: home })
    assert.deepEqual(await lookup('a.io', 'x'), { is: 'password', username: 'me', password: 'mine' })
    assert.deepEqual(await lookup('b.io', 'x'), { is: 'identity-token', token: 'refresh' })
    assert.equal(await lookup('none.io', 'x'), undefined)
    assert.equal(await lookup('other.io', 'x'), undefined)
    await assert.rejects(
      lookup('broken.io', 'x'),
      /"docker-credential-test get" for broken.io: exit code 2: the keychain/,
    )
  })
})
