import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRequestTarget } from './request-target.ts'

describe('a path names', () => {
  const targets: [path: string, expected: string][] = [
    ['/api/v1/pods', 'collection pods in undefined'],
    ['/api/v1/namespaces/web/pods', 'collection pods in web'],
    ['/api/v1/namespaces', 'collection namespaces in undefined'],
    ['/api/v1/namespaces/web', 'object namespaces web in undefined'],
    ['/api/v1/namespaces/web/status', 'object namespaces web status in undefined'],
    ['/api/v1/namespaces/web/pods/a', 'object pods a in web'],
    ['/api/v1/namespaces/web/pods/a.b-c', 'object pods a.b-c in web'],
    ['/api/v1/namespaces/web/pods/a%2Fb', 'object pods a/b in web'],
    ['/api/v1/namespaces/web/pods/a/log', 'object pods a log in web'],
    ['/api/v1/namespaces/pods/pods/pods', 'object pods pods in pods'],
    ['/', 'document'],
    ['/api', 'document'],
    ['/api/v1', 'document'],
    ['/api/v1/', 'document'],
    ['/apis', 'document'],
    ['/apis/apps/v1', 'document'],
    ['/healthz', 'document'],
  ]
  for (const [path, expected] of targets) {
    it(`${path}: ${expected}`, async () => {
      const target = await parseRequestTarget(path)
      if (target.is === 'document') {
        assert.equal('document', expected)
        return
      }
      const { is, kind, namespace } = target
      const rest = target.is === 'object' ? [target.name, target.subresource].filter((part) => part !== undefined) : []
      assert.equal([is, kind.resource.plural, ...rest, 'in', namespace].map(String).join(' '), expected)
    })
  }

  const nothing = [
    '/api/v1/nopes',
    '/api/v2/pods',
    '/apis/apps/v1/pods',
    '/api/v1/pods/a',
    '/api/v1/pods/a/log',
    '/api/v1/namespaces/web/nopes',
    '/api/v1/namespaces/web/pods/a/nope',
    '/api/v1/namespaces/web/pods/a/log/more',
    '/api/v1/namespaces/web/pods/',
    '/api/v1/namespaces//pods',
    '/api/v1/namespaces/web/namespaces',
    '/api/v1/namespaces/web/events/a/status',
    '/api/v1/namespaces/web/pods/%ff',
  ]
  for (const path of nothing) {
    it(`${path}: nothing`, async () => {
      await assert.rejects(parseRequestTarget(path), {
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
      })
    })
  }
})
