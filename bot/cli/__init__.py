"""One module a command; each has `add_arguments(parser)` and `async run(arguments, settings) -> int`."""
