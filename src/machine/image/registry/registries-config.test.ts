import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import { parseRegistriesConfig } from './registries-config.ts'
import { endpointsOf, isLoopback } from './registry-endpoints.ts'

describe('parseRegistriesConfig', () => {
  it('fills in what is left out', () => {
    assert.deepEqual(parseRegistriesConfig('{}', 'f'), { mirrors: {}, insecure: [] })
    const text = '{"mirrors":{"docker.io":["http://127.0.0.1:5000"]},"insecure":["reg.lan:5000"]}'
    const config = { mirrors: { 'docker.io': ['http://127.0.0.1:5000'] }, insecure: ['reg.lan:5000'] }
    assert.deepEqual(parseRegistriesConfig(text, 'f'), config)
  })

  it('says everything that is wrong', () => {
    const text = '{"mirror":1,"mirrors":{"a.io":["b.io",5],"c.io":"d"},"insecure":["https://x.io",""]}'
    assert.throws(
      () => parseRegistriesConfig(text, '/etc/peapod/registries.json'),
      (error) => {
        assert.ok(error instanceof Failure)
        assert.equal(error.reason, 'Invalid')
        for (const part of [
          '"/etc/peapod/registries.json"',
          'mirror: unknown',
          '"b.io"',
          ': 5 ',
          '["c.io"]',
          '"https://x.io"',
          '"" is',
        ]) {
          assert.ok(error.message.includes(part), `${part} in ${error.message}`)
        }
        return true
      },
    )
    assert.throws(() => parseRegistriesConfig('[]', 'f'), /expected an object/)
    assert.throws(() => parseRegistriesConfig('{', 'f'), /not JSON/)
  })
})

describe('endpointsOf', () => {
  const config = {
    mirrors: { 'docker.io': ['http://127.0.0.1:5000/', 'https://mirror.lan/hub'] },
    insecure: ['reg.lan:5000', 'mirror.lan'],
  }
  const cases: readonly (readonly [registry: string, urls: readonly (readonly [insecure: boolean, ...string[]])[]])[] =
    [
      ['quay.io', [[false, 'https://quay.io']]],
      [
        'docker.io',
        [
          [false, 'http://127.0.0.1:5000'],
          [true, 'https://mirror.lan/hub'],
          [false, 'https://registry-1.docker.io'],
        ],
      ],
      ['localhost:5000', [[false, 'https://localhost:5000', 'http://localhost:5000']]],
      ['reg.lan:5000', [[true, 'https://reg.lan:5000', 'http://reg.lan:5000']]],
      ['reg.lan', [[false, 'https://reg.lan']]],
    ]
  for (const [registry, expected] of cases) {
    it(`of ${registry}`, () => {
      const found = endpointsOf(registry, config).map(({ insecureTls, baseUrls }) => [insecureTls, ...baseUrls])
      assert.deepEqual(found, expected)
    })
  }

  it('files the credentials of a mirror under its own name', () => {
    assert.deepEqual(
      endpointsOf('docker.io', config).map(({ registry }) => registry),
      ['127.0.0.1:5000', 'mirror.lan', 'docker.io'],
    )
  })

  for (const [host, answer] of [
    ['localhost', true],
    ['localhost:5000', true],
    ['127.1.2.3:80', true],
    ['[::1]:5000', true],
    ['127.0.0.1.evil.example', false],
    ['localhost.example', false],
    ['10.0.0.1', false],
  ] as const) {
    it(`${host} is ${answer ? '' : 'not '}this machine`, () => assert.equal(isLoopback(host), answer))
  }
})
