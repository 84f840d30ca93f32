import { lstatSync, readFileSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import { findInLayers } from '../linux/layered-path.ts'
import type { ProcessPlan } from './container-runtime.ts'

type User = ProcessPlan['user']

/** The kernel's IDs have 32 bits; OCI runtimes take no more than 31. */
const LARGEST_ID = 2 ** 31 - 1
const LARGEST_FILE_BYTES = 16 * 1024 * 1024

/**
 * Who a process of an image is.
 *
 * @param layerDirs the image's unpacked layers, topmost first; also a single root filesystem.
 * @param user as in a Dockerfile: '', `uid`, `name`, `uid:gid`, `name:group` …
 * @returns the group of a user that /etc/passwd does not know is 0. The additional groups are those in /etc/group that
 *   list the user's name.
 * @throws Failure CreateContainerConfigError for a name that the image does not know.
 */
export function resolveUser(layerDirs: readonly string[], user: string): User {
  const passwd = readText(layerDirs, '/etc/passwd')
  const group = readText(layerDirs, '/etc/group')
  return computeUser(user, passwd, group)
}

/** @param passwd the text of /etc/passwd, @param group that of /etc/group. */
export function computeUser(user: string, passwd: string, group: string): User {
  const [userPart = '', groupPart = ''] = splitOnce(user)
  const users = entriesOf(passwd)
  const groups = entriesOf(group)
  const wanted = userPart === '' ? '0' : userPart
  const known =
    users.find(([name]) => name === wanted) ??
    (isNumber(wanted) ? users.find(([, , uid]) => isNumber(uid) && Number(uid) === Number(wanted)) : undefined)
  if (known === undefined && !isNumber(wanted)) throw unknown('user', wanted, '/etc/passwd')
  const [name, , uid = wanted, gidOfUser = '0'] = known ?? []
  return {
    uid: parseId(uid, 'user', wanted),
    gid: groupPart === '' ? parseId(gidOfUser, 'group of the user', wanted) : findGroup(groups, groupPart),
    additionalGids: name === undefined ? [] : groupsThatList(groups, name),
  }
}

function readText(layerDirs: readonly string[], path: string): string {
  const found = findInLayers(layerDirs, path)
  if (found?.is !== 'file') return ''
  if (lstatSync(found.path).size > LARGEST_FILE_BYTES) {
    throw new Failure('CreateContainerConfigError', `read "${path}" of the image: larger than 16 MiB; mend the image`)
  }
  return readFileSync(found.path, 'utf8')
}

function findGroup(groups: readonly string[][], wanted: string): number {
  const known = groups.find(([name]) => name === wanted)
  if (known === undefined && !isNumber(wanted)) throw unknown('group', wanted, '/etc/group')
  return parseId(known?.[2] ?? wanted, 'group', wanted)
}

function groupsThatList(groups: readonly string[][], user: string): number[] {
  const gids = groups
    .filter(([name, , gid, members = '']) => name !== user && isNumber(gid) && members.split(',').includes(user))
    .map(([, , gid]) => Number(gid))
  return [...new Set(gids)].filter((gid) => gid <= LARGEST_ID)
}

/** @see passwd(5), group(5) */
function entriesOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

function splitOnce(user: string): string[] {
  const colon = user.indexOf(':')
  return colon < 0 ? [user] : [user.slice(0, colon), user.slice(colon + 1)]
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text)
}

function parseId(text: string, what: string, wanted: string): number {
  if (isNumber(text) && Number(text) <= LARGEST_ID) return Number(text)
  throw new Failure(
    'CreateContainerConfigError',
    `run as ${what} "${wanted}": its ID is "${text}", which is not a number from 0 to ${LARGEST_ID}`,
  )
}

function unknown(what: string, name: string, file: string): Failure {
  return new Failure(
    'CreateContainerConfigError',
    `run as ${what} "${name}": no such ${what} in ${file} of the image; use its number`,
  )
}
