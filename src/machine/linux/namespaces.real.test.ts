import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { unlessThereIs } from '../../../test/needs.ts'
import { addAddressMessage, listAddresses, listRoutes } from './addresses.ts'
import { formatIpv4, parseIpv4 } from './ipv4.ts'
import { createBridge, createVeth, deleteLink, findLink, linkUpMessage, listLinks } from './links.ts'
import { createNamespaces, withinNetworkNamespace } from './namespaces.ts'
import type { NetlinkSocket } from './netlink-socket.ts'
import { removeTree } from './remove-tree.ts'

const ownNamespaces = () => ['net', 'ipc', 'uts'].map((kind) => readlinkSync(`/proc/thread-self/ns/${kind}`))

describe('namespaces', { skip: unlessThereIs('root') }, () => {
  let root: string
  const before = ownNamespaces()
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-namespaces-'))
  })
  afterEach(() => {
    assert.deepEqual(ownNamespaces(), before)
    return removeTree(root)
  })
  const make = (): NetlinkSocket => {
    const files = { net: join(root, 'net'), ipc: join(root, 'ipc'), uts: join(root, 'uts') }
    const socket = createNamespaces({ files, hostname: 'pod' })
    assert.ok(socket)
    return socket
  }

  it('are new, and are left again', () => {
    using socket = make()
    assert.deepEqual(
      listLinks(socket)
        .filter((link) => link.up)
        .map((link) => link.name),
      ['lo'],
    )
    const inside = withinNetworkNamespace(join(root, 'net'), () => readlinkSync('/proc/thread-self/ns/net'))
    assert.notEqual(inside, before[0])
  })

  it('are left again when something in them fails', () => {
    make().close()
    const fail = () => {
      throw new Error('inside')
    }
    const fds = readdirSync('/proc/self/fd').length
    assert.throws(() => withinNetworkNamespace(join(root, 'net'), fail), /inside/)
    assert.throws(() => createNamespaces({ files: { uts: join(root, 'absent/uts') }, hostname: 'x' }), {
      code: 'ENOENT',
    })
    assert.throws(() => createNamespaces({ files: { uts: join(root, 'u') }, hostname: 'x'.repeat(65) }), {
      details: { errno: 'EINVAL' },
    })
    assert.throws(() => withinNetworkNamespace('/etc/passwd', () => 1), { details: { errno: 'EINVAL' } })
    assert.equal(readdirSync('/proc/self/fd').length, fds)
  })

  it('a child that is spawned inside stays there', () => {
    make().close()
    const { stdout } = withinNetworkNamespace(join(root, 'net'), () =>
      spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }),
    )
    assert.notEqual(stdout.trim(), before[0])
  })

  it('have links and addresses of their own', () => {
    using socket = make()
    const mac = new Uint8Array([2, 0, 0, 0, 0, 1])
    createBridge(socket, { name: 'br', mac, mtu: 1400 })
    const bridgeIndex = findLink(socket, 'br')?.index ?? 0
    socket.request([addAddressMessage(bridgeIndex, parseIpv4('10.9.0.1'), 24), linkUpMessage(bridgeIndex)], 'set up')
    const address = listAddresses(socket).find((each) => each.linkIndex === bridgeIndex)
    assert.equal(formatIpv4(address?.address ?? 0), '10.9.0.1')
    assert.ok(listRoutes(socket).some((route) => formatIpv4(route.destination.network) === '10.9.0.0'))
    assert.throws(() => createBridge(socket, { name: 'br', mac, mtu: 1400 }), {
      reason: 'SystemCallFailed',
      message: /^add bridge "br": EEXIST \(file already exists\)/,
    })
    assert.throws(
      () =>
        createVeth(socket, {
          name: 'v',
          bridgeIndex: 999,
          mtu: 1400,
          alias: '',
          hairpin: false,
          peer: { name: 'p', mac, namespaceFd: 0 },
        }),
      { reason: 'SystemCallFailed' },
    )
    deleteLink(socket, 'br')
    deleteLink(socket, 'br')
    assert.equal(findLink(socket, 'br'), undefined)
  })
})
