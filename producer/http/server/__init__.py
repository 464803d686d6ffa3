"""uvicorn's HTTP protocol, with limits on what each client may use."""
