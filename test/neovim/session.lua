-- What a user does in Neovim with a policy open, step by step; each step's outcome goes to a JSON file.
-- Started by neovim.scenario.ts as: nvim --headless -u INIT FILE -c 'luafile session.lua'
-- Environment: PVPOLICY_OUT, the file to write.

local outcome = {}
local limit = 20000 -- ms

local function finish()
  local file = assert(io.open(vim.env.PVPOLICY_OUT, 'w'))
  file:write(vim.fn.json_encode(outcome))
  file:close()
  vim.cmd('qall!')
end

-- The position of the nth occurrence of a text, as the protocol counts (the sample's text is ASCII).
local function position_of(text, nth)
  local seen = 0
  for row, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    local from = 1
    while true do
      local column = line:find(text, from, true)
      if not column then break end
      seen = seen + 1
      if seen == (nth or 1) then return { line = row - 1, character = column - 1 } end
      from = column + 1
    end
  end
  error('the buffer does not hold ' .. text)
end

local function at(position)
  return { textDocument = vim.lsp.util.make_text_document_params(), position = position }
end

local function request(method, params)
  local answers, problem = vim.lsp.buf_request_sync(0, method, params, limit)
  if not answers then error(method .. ': ' .. tostring(problem)) end
  for _, answer in pairs(answers) do
    if answer.err then error(method .. ': ' .. vim.inspect(answer.err)) end
    return answer.result
  end
  error(method .. ': no client answered')
end

local function messages()
  local list = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    table.insert(list, {
      line = diagnostic.lnum,
      code = diagnostic.code or (diagnostic.user_data and diagnostic.user_data.lsp and diagnostic.user_data.lsp.code),
      severity = diagnostic.severity,
      message = diagnostic.message,
    })
  end
  return list
end

local function buffer_text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n') .. '\n'
end

local function hover_text(position)
  local result = request('textDocument/hover', at(position))
  if not result or result == vim.NIL then return '' end
  local lines = vim.lsp.util.convert_input_to_markdown_lines(result.contents)
  return table.concat(lines, '\n')
end

local ok, problem = pcall(function()
  outcome.attached = vim.wait(limit, function()
    local client = vim.lsp.buf_get_clients(0)[1]
    return client ~= nil and client.initialized == true
  end, 20)
  local client = assert(vim.lsp.buf_get_clients(0)[1], 'no language server attached to the buffer')
  local encoding = client.offset_encoding
  outcome.encoding = encoding
  outcome.capabilities = vim.tbl_keys(client.server_capabilities)

  vim.wait(limit, function() return #vim.diagnostic.get(0) > 0 end, 20)
  outcome.diagnostics = messages()

  outcome.hook_hover = hover_text(position_of('sched_switch'))
  outcome.call_hover = hover_text(position_of('boost(v'))

  -- The quick fix that defers the boost, applied as Neovim applies one.
  local spot = position_of('boost(v')
  local params = at(spot)
  params.range = { start = spot, ['end'] = spot }
  params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, spot.line) }
  outcome.fixes = {}
  for _, action in ipairs(request('textDocument/codeAction', params) or {}) do
    table.insert(outcome.fixes, action.title)
    if action.edit and action.title:find('[Dd]efer') and not outcome.fixed then
      vim.lsp.util.apply_workspace_edit(action.edit, encoding)
      outcome.fixed = action.title
    end
  end
  outcome.after_fix = buffer_text()
  vim.wait(limit, function() return #vim.diagnostic.get(0) == 0 end, 20)
  outcome.diagnostics_after_fix = messages()

  local place = position_of('boost(v')
  local completed = request('textDocument/completion', at({ line = place.line, character = place.character + 2 }))
  outcome.completions = {}
  for _, item in ipairs(completed.items or completed) do table.insert(outcome.completions, item.label) end

  local edits = request('textDocument/formatting', {
    textDocument = vim.lsp.util.make_text_document_params(),
    options = { tabSize = 4, insertSpaces = true },
  })
  vim.lsp.util.apply_text_edits(edits or {}, 0, encoding)
  outcome.formatted = buffer_text()

  local definition = request('textDocument/definition', at(position_of('limit', 2)))
  local first = vim.tbl_islist(definition) and definition[1] or definition
  outcome.definition_line = (first.targetSelectionRange or first.targetRange or first.range).start.line

  local rename = at(position_of('limit'))
  rename.newName = 'bound'
  vim.lsp.util.apply_workspace_edit(request('textDocument/rename', rename), encoding)
  outcome.renamed = buffer_text()

  local symbols = {}
  for _, symbol in ipairs(request('textDocument/documentSymbol', at(spot)) or {}) do
    table.insert(symbols, symbol.name)
  end
  outcome.symbols = symbols

  -- Typing an error and taking it back, character by character as the editor sends it.
  local before = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_buf_set_lines(0, before, before, true, { 'param broken: = 3' })
  vim.wait(limit, function() return #vim.diagnostic.get(0) > 0 end, 20)
  outcome.diagnostics_while_broken = messages()
  vim.api.nvim_buf_set_lines(0, before, before + 1, true, {})
  vim.wait(limit, function() return #vim.diagnostic.get(0) == 0 end, 20)
  outcome.diagnostics_at_end = messages()

  client.stop()
  outcome.stopped = vim.wait(limit, function() return client.is_stopped() end, 20)
end)
if not ok then outcome.problem = tostring(problem) end
finish()
