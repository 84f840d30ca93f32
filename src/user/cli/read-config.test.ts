import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConfig } from './read-config.ts'

describe('readConfig', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peapod-config-'))
    await mkdir(join(folder, '.config/peapod'), { recursive: true })
    await mkdir(join(folder, 'here'))
    await writeFile(join(folder, '.config/peapod/config.json'), '{"images": {"nginx": "users", "redis": "users"}}')
    await writeFile(join(folder, 'here/peapod.config.json'), '{"images": {"nginx": "projects"}}')
    await writeFile(join(folder, 'wrong.json'), '{"image": {}}')
    await writeFile(join(folder, 'broken.json'), '{"images": ')
    await writeFile(join(folder, 'seven.json'), '{"images": {"nginx": 7}}')
  })
  after(() => rm(folder, { recursive: true }))

  const read = async (file?: string, env: Record<string, string> = { HOME: folder }, cwd = join(folder, 'here')) =>
    (await readConfig({ env, cwd }, file)).images.map(({ name, other }) => `${name}=${other}`)

  it("the project's file comes before the user's own", async () => {
    assert.deepEqual(await read(), ['nginx=projects', 'nginx=users', 'redis=users'])
    assert.deepEqual(await read(undefined, { XDG_CONFIG_HOME: join(folder, '.config') }, folder), [
      'nginx=users',
      'redis=users',
    ])
    assert.deepEqual(await read(undefined, {}, folder), [])
  })

  it('a file that is asked for stands alone', async () => {
    assert.deepEqual(await read('../.config/peapod/config.json'), ['nginx=users', 'redis=users'])
  })

  const WRONG: [file: string, message: RegExp][] = [
    ['../nope.json', /^read settings from "\.\.\/nope\.json": ENOENT|^read settings from ".*nope\.json": ENOENT/],
    ['../wrong.json', /unknown setting "image"; there is "images"/],
    ['../broken.json', /^read settings from "\.\.\/broken\.json": .*JSON/],
    ['../seven.json', /"images" maps "nginx" to 7; both must be image names/],
  ]
  for (const [file, message] of WRONG) it(file, () => assert.rejects(read(file), { reason: 'UsageError', message }))
})
