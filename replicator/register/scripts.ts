// The acceptor's operations, each one Lua script, so that nothing comes between its look and its write.
// All of them answer with an array of strings: a kind, and what belongs to it.
//
// The state is one hash: lineage (the identity marker), promisedCounter, promisedBy, acceptedCounter, acceptedBy, value.

const HEAD = `
if not string.find(redis.call('INFO', 'replication'), 'role:master', 1, true) then
  return {'failed', 'this Redis is a replica, not an independent register'}
end
local state = redis.call('HMGET', KEYS[1], 'lineage', 'promisedCounter', 'promisedBy', 'acceptedCounter', 'acceptedBy', 'value')
local lineage, promisedCounter, promisedBy = state[1], state[2], state[3]
if lineage then
  for i = 2, 6 do
    if not state[i] then return {'failed', 'the register holds an incomplete state'} end
  end
end

-- The order of compareBallots. Bytes are compared one by one: Lua's own < follows the locale of the Redis process.
local function compare(xCounter, xBy, yCounter, yBy)
  local x, y = tonumber(xCounter), tonumber(yCounter)
  if x ~= y then return x < y and -1 or 1 end
  for i = 1, math.min(#xBy, #yBy) do
    local xByte, yByte = string.byte(xBy, i), string.byte(yBy, i)
    if xByte ~= yByte then return xByte < yByte and -1 or 1 end
  end
  return #xBy - #yBy
end
`

const MARKED = `
if not lineage then return {'empty'} end
if lineage ~= ARGV[1] then return {'foreign', lineage} end
`

/**
 * read
 * KEYS[1] the state
 * ARGV[1] lineage, or '' to ask without checking
 * returns {'empty'} | {'foreign', lineage} | {'failed', reason}
 *       | {'state', lineage, promised counter, promised by, accepted counter, accepted by, value}
 */
const READ = `${HEAD}
if not lineage then return {'empty'} end
if ARGV[1] ~= '' and lineage ~= ARGV[1] then return {'foreign', lineage} end
return {'state', unpack(state)}
`

/**
 * prepare: granted where the ballot is strictly greater than the promised one
 * KEYS[1] the state
 * ARGV[1] lineage  ARGV[2] counter  ARGV[3] proposer
 * returns {'empty'} | {'foreign', lineage} | {'failed', reason} | {'refused', promised counter, promised by}
 *       | {'promised', accepted counter, accepted by, value}
 */
const PREPARE = `${HEAD}${MARKED}
if compare(ARGV[2], ARGV[3], promisedCounter, promisedBy) <= 0 then return {'refused', promisedCounter, promisedBy} end
redis.call('HSET', KEYS[1], 'promisedCounter', ARGV[2], 'promisedBy', ARGV[3])
return {'promised', state[4], state[5], state[6]}
`

/**
 * accept: granted where the ballot is at least the promised one
 * KEYS[1] the state
 * ARGV[1] lineage  ARGV[2] counter  ARGV[3] proposer  ARGV[4] value
 * returns {'empty'} | {'foreign', lineage} | {'failed', reason} | {'refused', promised counter, promised by} | {'accepted'}
 */
const ACCEPT = `${HEAD}${MARKED}
if compare(ARGV[2], ARGV[3], promisedCounter, promisedBy) < 0 then return {'refused', promisedCounter, promisedBy} end
redis.call('HSET', KEYS[1], 'promisedCounter', ARGV[2], 'promisedBy', ARGV[3],
  'acceptedCounter', ARGV[2], 'acceptedBy', ARGV[3], 'value', ARGV[4])
return {'accepted'}
`

/**
 * admit: only where there is no marker, whoever's
 * KEYS[1] the state
 * ARGV[1] lineage  ARGV[2] counter  ARGV[3] proposer  ARGV[4] value
 * returns {'occupied'} | {'failed', reason} | {'admitted'}
 */
const ADMIT = `${HEAD}
if lineage then return {'occupied'} end
redis.call('HSET', KEYS[1], 'lineage', ARGV[1], 'promisedCounter', ARGV[2], 'promisedBy', ARGV[3],
  'acceptedCounter', ARGV[2], 'acceptedBy', ARGV[3], 'value', ARGV[4])
return {'admitted'}
`

/**
 * call: notes that an origin lives; apart from the state, so that a register without a marker tells it too
 * KEYS[1] who called when, by this Redis' clock
 * ARGV[1] a or b
 * returns {'called', milliseconds since a called last, since b did}: '' where it never did
 */
const CALL = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], now)
local reply = {'called'}
for _, name in ipairs({'a', 'b'}) do
  local at = redis.call('HGET', KEYS[1], name)
  reply[#reply + 1] = at and string.format('%d', math.max(0, now - at)) or ''
end
return reply
`

export const SCRIPTS = { read: READ, call: CALL, prepare: PREPARE, accept: ACCEPT, admit: ADMIT } as const
