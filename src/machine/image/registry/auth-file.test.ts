import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import { type CredentialsPlace, findCredentials, parseAuthFile } from './auth-file.ts'
import { authFilePaths } from './credentials.ts'

const password = (username: string) => ({ is: 'password', username, password: 'x:y' }) as const
const entry = (username: string) => ({ auth: Buffer.from(`${username}:x:y`).toString('base64') })
const here = (username: string): CredentialsPlace => ({ is: 'here', credentials: password(username) })

const FOUND: readonly (readonly [
  rule: string,
  file: object,
  registry: string,
  repository: string,
  CredentialsPlace,
])[] = [
  ['nothing in an empty file', {}, 'quay.io', 'a', { is: 'nowhere' }],
  ['by host', { auths: { 'quay.io': entry('me') } }, 'quay.io', 'a/b', here('me')],
  ['not of another host', { auths: { 'quay.io': entry('me') } }, 'ghcr.io', 'a/b', { is: 'nowhere' }],
  ['by URL', { auths: { 'https://quay.io/': entry('me') } }, 'quay.io', 'a/b', here('me')],
  ['with the port', { auths: { 'a:5000': entry('me') } }, 'a:5000', 'b', here('me')],
  ['not of another port', { auths: { 'a:5000': entry('me') } }, 'a', 'b', { is: 'nowhere' }],
  [
    'Docker writes its own URL',
    { auths: { 'https://index.docker.io/v1/': entry('me') } },
    'docker.io',
    'library/a',
    here('me'),
  ],
  ['and podman its name', { auths: { 'docker.io': entry('me') } }, 'docker.io', 'library/a', here('me')],
  [
    'the longest path wins',
    { auths: { 'quay.io': entry('host'), 'quay.io/a': entry('team'), 'quay.io/a/b': entry('image') } },
    'quay.io',
    'a/b',
    here('image'),
  ],
  [
    'only whole parts of a path count',
    { auths: { 'quay.io/te': entry('me') } },
    'quay.io',
    'team/b',
    { is: 'nowhere' },
  ],
  [
    'an identity token before a password',
    { auths: { 'a.io': { ...entry('me'), identitytoken: 'refresh' } } },
    'a.io',
    'b',
    { is: 'here', credentials: { is: 'identity-token', token: 'refresh' } },
  ],
  [
    'a helper of the host',
    { credHelpers: { 'gcr.io': 'gcloud' }, auths: { 'gcr.io': entry('me') } },
    'gcr.io',
    'a',
    { is: 'helper', helper: 'gcloud', server: 'gcr.io' },
  ],
  [
    'the helper of the file for what is not in it',
    { credsStore: 'pass', auths: { 'quay.io': {} } },
    'quay.io',
    'a',
    { is: 'helper', helper: 'pass', server: 'quay.io' },
  ],
  [
    'a helper knows Docker Hub by its URL',
    { credsStore: 'pass' },
    'docker.io',
    'library/a',
    { is: 'helper', helper: 'pass', server: 'https://index.docker.io/v1/' },
  ],
]

describe('findCredentials', () => {
  for (const [rule, file, registry, repository, place] of FOUND) {
    it(rule, () => {
      const parsed = parseAuthFile(JSON.stringify(file), '/auth.json')
      assert.deepEqual(findCredentials(parsed, registry, repository), place)
    })
  }

  it('never repeats a secret in a message', () => {
    const isQuiet = (error: unknown) => {
      assert.ok(error instanceof Failure)
      assert.match(error.message, /"\/auth.json"/)
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/)
      return true
    }
    assert.throws(() => parseAuthFile('{"auths": hunter2', '/auth.json'), isQuiet)
    const file = parseAuthFile('{"auths":{"a.io":{"auth":"hunter2"}}}', '/auth.json')
    assert.throws(() => findCredentials(file, 'a.io', 'b'), isQuiet)
  })
})

describe('authFilePaths', () => {
  const paths: readonly (readonly [environment: Record<string, string>, paths: readonly string[]])[] = [
    [{}, []],
    [{ REGISTRY_AUTH_FILE: '/a', HOME: '/h' }, ['/a']],
    [{ HOME: '/h' }, ['/h/.config/containers/auth.json', '/h/.docker/config.json']],
    [
      { XDG_RUNTIME_DIR: '/run/1', XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d', HOME: '/h' },
      ['/run/1/containers/auth.json', '/c/containers/auth.json', '/d/config.json', '/h/.docker/config.json'],
    ],
  ]
  for (const [environment, expected] of paths) {
    it(`asks ${expected.length} files with ${Object.keys(environment).join(', ') || 'nothing set'}`, () =>
      assert.deepEqual(authFilePaths(environment), expected))
  }
})
