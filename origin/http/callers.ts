// An edge router at the public listener: known by its signature, told the view when it is behind.
import { CLIENT, EPOCH_HEADER, isNews, type Known, parseKnown, ROUTER_HEADER, recognise } from '../../router/asked.ts'
import type { Caller, Callers } from '../../router/callers.ts'
import type { View } from '../../router/view.ts'
import { VIEW_HEADER } from '../../router/viewheader.ts'
import type { HostMac } from './mac.ts'

export type CallersOptions = {
  readonly mac: HostMac
  readonly view: () => View | null
  readonly sealView: (view: View) => string
  /** a router of this cluster has come across this epoch */
  readonly shown: (known: Known) => void
  /** wall-clock milliseconds */
  readonly now: () => number
}

export function hostCallers({ mac, view, sealView, shown, now }: CallersOptions): Callers {
  return {
    recognise(request, wire): Caller {
      const header = request.headers.get(ROUTER_HEADER)
      const plain: Caller = { asked: CLIENT, knows: null, aimed: undefined, client: wire.client }
      if (header === null) return plain
      const knows = parseKnown(request.headers.get(EPOCH_HEADER))
      const client = request.headers.get('x-forwarded-for') ?? ''
      const known = recognise(header, { method: request.method, target: wire.target, client, knows }, now(), mac)
      if (known === null) return plain
      if (knows !== null) shown(knows)
      const proto = request.headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http'
      // epochs of another lineage cannot be compared: older than any of ours
      const aimed = knows === null ? null : knows.lineage === view()?.lineage ? knows.epoch : 0
      return { asked: known.asked, knows, aimed, client: { address: client, proto, proxy: wire.client.address } }
    },
    teach(caller, response) {
      if (caller.asked.kind !== 'router') return
      const current = view()
      if (current === null) return
      if (response.status === 421 || isNews(current, caller.knows)) {
        response.headers.set(VIEW_HEADER, sealView(current))
      }
    },
  }
}
