import { NO_OPERANDS, type Command } from './command.ts'
import { OUTPUT_FLAG, QUIET_FLAG, STATE_DIRECTORY_FLAG } from './common-flags.ts'

const REFERENCES = { usage: 'REFERENCE...', atLeast: 1, atMost: Infinity }

export const IMAGE_COMMANDS: readonly Command[] = [
  {
    name: 'image pull',
    summary: 'download images from a registry',
    operands: REFERENCES,
    flags: [QUIET_FLAG, STATE_DIRECTORY_FLAG],
    examples: [
      { command: 'peapod image pull nginx', shows: 'docker.io/library/nginx:latest' },
      {
        command: 'peapod image pull localhost:5000/web:1.4',
        shows: 'from a registry on this machine, over plain HTTP',
      },
    ],
    load: async () => (await import('./image-pull.ts')).imagePull,
  },
  {
    name: 'image push',
    summary: 'upload images to a registry',
    operands: REFERENCES,
    flags: [QUIET_FLAG, STATE_DIRECTORY_FLAG],
    examples: [{ command: 'peapod image push localhost:5000/web:1.4', shows: 'upload an image under its own name' }],
    load: async () => (await import('./image-push.ts')).imagePush,
  },
  {
    name: 'image load',
    summary: 'add the images of a Docker or OCI archive',
    operands: NO_OPERANDS,
    flags: [
      {
        name: 'input',
        short: 'i',
        type: 'text',
        value: 'FILE',
        help: 'read the archive from FILE (default: standard input)',
      },
      STATE_DIRECTORY_FLAG,
    ],
    examples: [
      { command: 'peapod image load -i web.tar', shows: 'from a file' },
      { command: 'docker save web:1.4 | peapod image load', shows: 'straight from Docker' },
    ],
    load: async () => (await import('./image-load.ts')).imageLoad,
  },
  {
    name: 'image save',
    summary: 'write images into an archive that Docker and peapod can load',
    operands: REFERENCES,
    flags: [
      {
        name: 'output',
        short: 'o',
        type: 'text',
        value: 'FILE',
        help: 'write the archive to FILE (default: standard output)',
      },
      STATE_DIRECTORY_FLAG,
    ],
    examples: [
      { command: 'peapod image save -o web.tar web:1.4', shows: 'into a file' },
      { command: 'peapod image save web:1.4 | gzip > web.tar.gz', shows: 'into a pipe' },
    ],
    load: async () => (await import('./image-save.ts')).imageSave,
  },
  {
    name: 'image ls',
    summary: 'list the images on this machine',
    operands: NO_OPERANDS,
    flags: [OUTPUT_FLAG, STATE_DIRECTORY_FLAG],
    examples: [{ command: 'peapod image ls', shows: 'names, tags, ids and sizes' }],
    load: async () => (await import('./image-ls.ts')).imageLs,
  },
  {
    name: 'image rm',
    summary: 'remove images by name, digest or id',
    operands: REFERENCES,
    flags: [{ name: 'force', type: 'boolean', help: 'also when it has other names' }, STATE_DIRECTORY_FLAG],
    examples: [{ command: 'peapod image rm nginx localhost:5000/web:1.4', shows: 'remove two images' }],
    load: async () => (await import('./image-rm.ts')).imageRm,
  },
  {
    name: 'image prune',
    summary: 'remove the images that nothing names',
    operands: NO_OPERANDS,
    flags: [
      { name: 'all', short: 'a', type: 'boolean', help: 'remove every image that no pod uses' },
      STATE_DIRECTORY_FLAG,
    ],
    examples: [{ command: 'peapod image prune --all', shows: 'free as much disk as possible' }],
    load: async () => (await import('./image-prune.ts')).imagePrune,
  },
]
