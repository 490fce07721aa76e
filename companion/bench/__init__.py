"""How quick the conversation is on this machine, measured through its real parts."""
