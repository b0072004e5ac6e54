-- wrk -s spread.lua URL -- METHOD CONTENT_TYPE PREFIX COUNT BODY_BYTES SEED: asks for one of the documents PREFIX<n>, n below
-- COUNT, by chance, so that a large store is touched all over. At the end it says what told.lua says.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "told.lua")

local PLACE = "/here"
local before, behind, count

function init(args)
  local method, kind, prefix = args[1], args[2], args[3]
  local headers = {}
  if kind ~= "-" then headers["Content-Type"] = kind end
  local body = method == "PUT" and string.rep("x", tonumber(args[5])) or nil
  -- formatted once: only the number changes
  local method_of, rest = wrk.format(method, PLACE, headers, body):match("^(%S+ )" .. PLACE .. "(.*)$")
  before, behind, count = method_of .. prefix, rest, tonumber(args[4])
  math.randomseed(os.time() + tonumber(args[6]))
end

function request()
  return before .. (math.random(count) - 1) .. behind
end
