-- wrk -s requests.lua URL -- METHOD CONTENT_TYPE FILE: sends the requests of a file over and over, each line a target
-- and, behind a tab, a body. At the end it says what told.lua says.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "told.lua")

local requests = {}
local at = 0

function init(args)
  local method, kind, file = args[1], args[2], args[3]
  local headers = {}
  if kind ~= "-" then headers["Content-Type"] = kind end
  for line in io.lines(file) do
    local target, body = line:match("^([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, target or line, headers, body)
  end
  -- two generators must not ask for the same thing at the same time
  math.randomseed(os.time() + tonumber(args[4] or "0"))
  at = math.random(#requests)
end

function request()
  at = at % #requests + 1
  return requests[at]
end
