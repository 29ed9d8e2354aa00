"""In a host's chat: companion, middleware, tools, MCP."""
