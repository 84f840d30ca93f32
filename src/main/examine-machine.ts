import type { MachineCheck } from '../user/cli/cli-machine.ts'

export async function examineMachine({
  stateDirectory,
}: {
  readonly stateDirectory: string
}): Promise<readonly MachineCheck[]> {
  const [{ checkKernel }, { checkRuntime }, { checkNetwork }, { checkBusybox }] = await Promise.all([
    import('../machine/linux/check-kernel.ts'),
    import('../machine/runtime/oci/check-runtime.ts'),
    import('../machine/sandbox/check-network.ts'),
    import('../machine/image/check-busybox.ts'),
  ])
  const checks = [...checkKernel(stateDirectory), ...(await checkRuntime()), checkBusybox(), ...(await checkNetwork())]
  return checks.map(({ name, is, detail, remedy }) => ({
    name,
    verdict: is === 'ok' ? 'good' : is,
    detail,
    ...(remedy === undefined ? {} : { remedy }),
  }))
}
