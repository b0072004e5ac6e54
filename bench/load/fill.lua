-- wrk -s fill.lua URL -- PREFIX FROM COUNT BODY_BYTES MORE: puts documents PREFIX<n>, n from FROM on, COUNT of them, then
-- ends the process (wrk itself would sleep on). MORE answers are waited for, so that each connection had another turn.
-- At the end it says how many of the answers were refusals.
local prefix, number, last, body, left
local refused = 0
local tried = false

function init(args)
  prefix, number = args[1], tonumber(args[2])
  last = number + tonumber(args[3]) - 1
  body = string.rep("x", tonumber(args[4]))
  left = tonumber(args[3]) + tonumber(args[5])
end

function request()
  local now = number
  -- wrk makes one request to look at it, and does not send it
  if tried and number < last then number = number + 1 end
  tried = true
  return wrk.format("PUT", prefix .. now, { ["Content-Type"] = "text/plain" }, body)
end

function response(status)
  if status >= 300 then refused = refused + 1 end
  left = left - 1
  if left > 0 then return end
  io.write(refused, "\n")
  os.exit(0)
end
