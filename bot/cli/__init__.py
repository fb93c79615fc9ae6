"""One module a command of the command line; each has `add_parser` and `async run(arguments, settings) -> int`."""
