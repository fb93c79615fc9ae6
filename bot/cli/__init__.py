"""The command line; a command's module has `add_arguments(parser)` and `async run(arguments, settings) -> int`."""
