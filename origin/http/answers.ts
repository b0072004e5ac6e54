// What all answers of an origin's documents have in common: who served, what was refused, where to ask instead.
import { REIGN_HEADER } from '../../router/aimed.ts'
import type { LocalCall } from '../../router/call.ts'
import { forWrite, type ProblemFields, type ProblemName, problem } from '../../router/problem.ts'
import { outerTarget } from '../../router/shardtarget.ts'
import type { View } from '../../router/view.ts'
import { VIEW_HEADER } from '../../router/viewheader.ts'
import type { OriginName } from '../../router/words.ts'
import type { Misdirected } from './ports.ts'

export class Answers {
  readonly #name: OriginName
  readonly #sealView: (view: View) => string

  /** @param sealView the view as it is sent, signed */
  constructor(name: OriginName, sealView: (view: View) => string) {
    this.#name = name
    this.#sealView = sealView
  }

  served(call: LocalCall): Record<string, string> {
    return { 'Tandem-Origin': this.#name, 'Tandem-Shard': call.shard }
  }

  about(call: LocalCall): ProblemFields {
    return { instance: outerTarget(call.target), headers: this.served(call) }
  }

  /** Nothing took effect. */
  refuse(call: LocalCall, name: ProblemName, fields: ProblemFields = {}): Response {
    return problem(name, {
      instance: outerTarget(call.target),
      ...forWrite(call.request.method, 'no', false),
      ...fields,
      headers: { ...this.served(call), ...fields.headers },
    })
  }

  misdirected(call: LocalCall, answer: Misdirected): Response {
    const headers = this.served(call)
    if (answer.view !== null) headers[VIEW_HEADER] = this.#sealView(answer.view)
    return this.refuse(call, 'misdirected', { headers, detail: answer.why, retryable: true })
  }
}

/** Routers must know which reign refused: see router/aimed.ts. */
export function ofReign(reign: number, response: Response): Response {
  if (response.status >= 400) response.headers.set(REIGN_HEADER, String(reign))
  return response
}
