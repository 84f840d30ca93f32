import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import { type AuthorityFiles, openAuthorityFiles } from './authority-files.ts'

const NOW_MS = Date.now()
const DAY_MS = 24 * 3600_000
const HOSTS = ['localhost', 'machine', '127.0.0.1', '::1']

describe('openAuthorityFiles', () => {
  let parent = ''
  let directory = ''
  let made: AuthorityFiles
  before(async () => {
    parent = mkdtempSync(join(tmpdir(), 'peapod-pki-'))
    directory = join(parent, 'pki')
    made = await openAuthorityFiles(directory, { hosts: HOSTS, nowMs: NOW_MS })
  })
  after(() => rmSync(parent, { recursive: true }))

  const open = (change: Partial<Parameters<typeof openAuthorityFiles>[1]> = {}): Promise<AuthorityFiles> =>
    openAuthorityFiles(directory, { hosts: HOSTS, nowMs: NOW_MS, ...change })

  it('makes certificates that its authority signed', () => {
    const authority = new X509Certificate(made.authority)
    for (const { cert } of [made.server, made.admin]) {
      assert.ok(new X509Certificate(cert).verify(authority.publicKey))
      assert.ok(new X509Certificate(cert).checkIssued(authority))
    }
    assert.ok(authority.ca)
    assert.ok(!new X509Certificate(made.server.cert).ca)
  })

  it('names the hosts, and who the client is', () => {
    const server = new X509Certificate(made.server.cert)
    assert.equal(server.checkHost('localhost'), 'localhost')
    assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1')
    assert.equal(server.checkHost('example.com'), undefined)
    assert.match(new X509Certificate(made.admin.cert).subject, /^CN=kubernetes-admin\nO=system:masters$/)
  })

  it('leaves nothing that others could read', () => {
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name)
  })

  it('keeps what it made', async () => {
    const again = await open()
    assert.deepEqual([again.authority, again.server, again.admin], [made.authority, made.server, made.admin])
    assert.ok(again.signing.publicKey.equals(made.signing.publicKey))
  })

  it('makes a new certificate for another name, by the same authority', async () => {
    const renamed = await open({ hosts: [...HOSTS, 'other'] })
    assert.equal(renamed.authority, made.authority)
    assert.equal(new X509Certificate(renamed.server.cert).checkHost('other'), 'other')
    assert.deepEqual(renamed.admin, made.admin)
    assert.deepEqual((await open()).server, renamed.server)
  })

  it('makes new ones before they end', async () => {
    const { admin, authority } = await open({ nowMs: NOW_MS + 320 * DAY_MS })
    assert.equal(authority, made.authority)
    assert.notEqual(admin.cert, made.admin.cert)
  })

  it('makes a pair anew of which only one file was written', async () => {
    const other = join(parent, 'other')
    const { server } = await openAuthorityFiles(other, { hosts: HOSTS, nowMs: NOW_MS })
    writeFileSync(join(directory, 'server.key'), server.key)
    const mended = await open()
    assert.ok(new X509Certificate(mended.server.cert).verify(new X509Certificate(made.authority).publicKey))
  })

  it('says which file is damaged, and what to do', async () => {
    truncateSync(join(directory, 'ca.crt'), 40)
    await assert.rejects(open(), (thrown) => {
      assert.ok(thrown instanceof Failure)
      assert.equal(thrown.reason, 'StateCorrupt')
      assert.match(thrown.message, /ca\.crt" and its key: .*; remove both/)
      return true
    })
  })
})
