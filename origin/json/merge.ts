// JSON Merge Patch (RFC 7396).
import { isObject, type Json, memberOf, setMember } from './text.ts'

/** Changes `target` in place where it can; takes the patch's values as they are. */
export function merged(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result = isObject(target) ? target : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else setMember(result, name, merged(memberOf(result, name), value))
  }
  return result
}
