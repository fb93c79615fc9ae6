"""Worker processes that speak JSON lines over standard input and output, and end when the bot does.

`worker` is the bot's side of one, `serving` what runs within it. A worker that is needed for every song is forked from
a `template`, a process that has imported what is heavy and never sees anything from outside.
"""
