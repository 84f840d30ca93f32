/** The release of Kubernetes whose API this is. */
const KUBERNETES = { major: '1', minor: '36', patch: '0' }

/** `/version`, as Kubernetes' clients read it; the build metadata names what really answers. */
export function versionDocument(peapodVersion: string): unknown {
  const { major, minor, patch } = KUBERNETES
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.${patch}+peapod-${peapodVersion}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '',
    goVersion: '',
    compiler: `node ${process.version}`,
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
}
