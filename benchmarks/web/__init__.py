"""What web costs: waiting callers, and HTTP servers compared."""
