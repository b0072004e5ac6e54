// A file on its way into an answer.
import type { Readable } from 'node:stream'

/** Node's stream type and the global one are the same thing with two names. */
export function webStream(stream: ReturnType<typeof Readable.toWeb>): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else if (value instanceof Uint8Array) controller.enqueue(value)
      else controller.error(new Error('a file yielded something else than bytes'))
    },
    cancel: reason => reader.cancel(reason),
  })
}
