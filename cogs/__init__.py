"""Discord's side of every feature: parse, call one service, reply. One file or folder per feature."""
