"""Why things are as they are: which card is charged, what a command waits for."""
