import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Failure, messageOf } from '../../failure.ts'
import type { CliEnvironment } from './cli-environment.ts'
import { imageReplacement, type ImageReplacement } from './run/replace-images.ts'

export interface Config {
  /** The ones that win come first. */
  readonly images: readonly ImageReplacement[]
}

/**
 * The settings of `file`, or else of ./peapod.config.json and of the user's own file, where they exist.
 *
 * @throws Failure UsageError when a file cannot be read or says something that is no setting.
 */
export async function readConfig(
  environment: Pick<CliEnvironment, 'env' | 'cwd'>,
  file: string | undefined,
): Promise<Config> {
  const { env, cwd } = environment
  if (file !== undefined) return parseConfig(await readText(resolve(cwd, file)), file)
  const home = env['XDG_CONFIG_HOME'] || (env['HOME'] ? join(env['HOME'], '.config') : undefined)
  const places = [join(cwd, 'peapod.config.json'), ...(home === undefined ? [] : [join(home, 'peapod', 'config.json')])]
  const configs = await Promise.all(
    places.map(async (place) => {
      const text = await readText(place, 'optional')
      return text === undefined ? { images: [] } : parseConfig(text, place)
    }),
  )
  return { images: configs.flatMap((config) => config.images) }
}

async function readText(file: string): Promise<string>
async function readText(file: string, need: 'optional'): Promise<string | undefined>
async function readText(file: string, need?: 'optional'): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const absent = cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')
    if (absent && need === 'optional') return undefined
    throw new Failure('UsageError', `read settings from ${JSON.stringify(file)}: ${messageOf(cause)}`, { cause })
  }
}

function parseConfig(text: string, file: string): Config {
  const refuse = (message: string, cause?: unknown) =>
    new Failure('UsageError', `read settings from ${JSON.stringify(file)}: ${message}`, { cause })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw refuse(messageOf(cause), cause)
  }
  if (!isRecord(value)) throw refuse('must be a JSON object such as {"images": {"nginx": "registry.local/nginx:1"}}')
  const unknown = Object.keys(value).find((key) => key !== 'images')
  if (unknown !== undefined) throw refuse(`unknown setting ${JSON.stringify(unknown)}; there is "images"`)
  const images = value['images'] ?? {}
  if (!isRecord(images)) throw refuse('"images" must be an object from image name to image name')
  return {
    images: Object.entries(images).map(([name, other]) => {
      if (typeof other !== 'string' || other === '' || name === '') {
        throw refuse(`"images" maps ${JSON.stringify(name)} to ${JSON.stringify(other)}; both must be image names`)
      }
      return imageReplacement(name, other, 'config')
    }),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
